import CKernels
package import TensorCore

/// The weights of a convolution in the order in which one micro-kernel reads them.
package final class PackedWeights: Sendable {
  let kernel: TileKernel
  private let storage: AlignedStorage
  package let outputs: Int
  /// Input channels under the kernel.
  package let channels: Int
  package let kernelSize: [Int]

  var region: MemoryRegion { storage.region }

  package var byteCount: Int { storage.byteCount }

  /// Packs output channels `outputs` of `weights: f32 [O, C, kh, kw]` for `kernel`.
  package init(_ weights: Tensor, outputs: Range<Int>, kernel: TileKernel) {
    let shape = weights.shape
    precondition(shape.count == 4 && outputs.upperBound <= shape[0], "weights are [O, C, kh, kw]")
    self.kernel = kernel
    self.outputs = outputs.count
    channels = shape[1]
    kernelSize = [shape[2], shape[3]]
    let taps = shape[2] * shape[3]
    let channels = shape[1]
    let count = unsafe pc_packed_weight_count(kernel.row, outputs.count, channels * taps)
    storage = unsafe AlignedStorage(byteCount: count * 4) { packed in
      let source = weights.floats
      unsafe source.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = packed.baseAddress else { return }
        unsafe pc_pack_weights(
          kernel.row, from + outputs.lowerBound * channels * taps, outputs.count, channels, taps,
          to.assumingMemoryBound(to: Float.self))
      }
    }
  }
}
