import CKernels
import TensorCore

/// Transforms the weights of one term for one block of output channels.
struct TransformPanel {
  let weights: Tensor
  let term: ConvolutionTransform.Term
  let outputs: Range<Int>
  /// Columns of the block, of which those beyond `outputs` are zero.
  let width: Int
  let kernel: TileKernel
  let table: TransformTable

  /// Writes `[product][depth / group][width][group]`, groups as of the kernel.
  func fill(_ region: MemoryRegion) {
    let infinities = term.infinities
    let size = kernel.arithmetic.weightType.byteCount
    var starts: [Int] = []
    var next = 0
    for infinity in infinities {
      starts.append(next)
      next += term.depth(atInfinity: infinity) * width * size
    }
    let panel = UnsafeMutableRawPointer(unsafe region.pointer(bytes: next))
    for source in term.sources {
      var panels = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: starts.count)
      for product in starts.indices where term.isLive(source, atInfinity: infinities[product]) {
        unsafe panels[product] = panel + starts[product]
        starts[product] += source.channels.count * width * size
      }
      unsafe fill(panels, source)
    }
  }

  /// - Parameter panels: where the source's part of each product begins.
  @unsafe
  private func fill(
    _ panels: [UnsafeMutableRawPointer?], _ source: ConvolutionTransform.Source
  ) {
    let shape = weights.shape
    let first =
      ((outputs.lowerBound * shape[1] + source.channels.lowerBound) * shape[2] + source.phase[0])
      * shape[3] + source.phase[1]
    let bytes = weights.bytes
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe panels.withUnsafeBufferPointer { panels in
        var filters = unsafe pc_transform_filters(
          weights: bytes.baseAddress.map {
            unsafe $0 + first * kernel.arithmetic.weightType.byteCount
          },
          output_stride: shape[1] * shape[2] * shape[3], channel_stride: shape[2] * shape[3],
          tap_stride: (term.stride * shape[3], term.stride),
          taps: (source.taps[0], source.taps[1]), channels: source.channels.count,
          outputs: outputs.count, columns: width, group: kernel.group, panels: panels.baseAddress)
        unsafe table.row.pointee.weights[term.form.row]?(&filters)
      }
    }
  }
}
