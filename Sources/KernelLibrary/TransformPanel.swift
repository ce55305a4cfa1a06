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

  /// Whether the panel holds `f32` numbers in groups of one, which are then rounded.
  private var isRounded: Bool { kernel.arithmetic == .integer8 }
  private var group: Int { isRounded ? 1 : kernel.group }
  private var numberSize: Int { isRounded ? 4 : kernel.arithmetic.weightType.byteCount }

  /// Bytes that `fill` writes.
  var byteCount: Int { term.productDepth * width * numberSize }

  /// Writes `[product][depth / group][width][group]`, groups as of the kernel, or `f32` numbers
  /// without groups where they are rounded afterwards.
  func fill(_ region: MemoryRegion) {
    let infinities = term.infinities
    let size = numberSize
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
          outputs: outputs.count, columns: width, group: group, panels: panels.baseAddress)
        unsafe table.row.pointee.weights[term.form.row]?(&filters)
      }
    }
  }

  /// Rounds the numbers that `fill` wrote to `i8`, in groups as of the kernel.
  ///
  /// - Parameter meaning: of this block, `[product][columns of the kernel]`.
  func round(
    _ numbers: MemoryRegion, into region: MemoryRegion, meaning: TransformWeights.Meaning
  ) {
    var place = 0
    for (product, infinity) in term.infinities.enumerated() {
      let count = term.depth(atInfinity: infinity) * width
      let meaning = meaning.slice(at: product * kernel.columns, count: kernel.columns)
      let rounded = UnsafeMutableRawPointer(
        unsafe region.slice(at: place, byteCount: count).pointer(bytes: count))
      unsafe table.row.pointee.round_weights?(
        numbers.floats(at: place, count: count).pointer(floats: count), count / width, width,
        kernel.group, rounded.assumingMemoryBound(to: Int8.self),
        meaning.corrections.pointer(integers: kernel.columns),
        meaning.scales.pointer(floats: kernel.columns))
      place += count
    }
  }
}
