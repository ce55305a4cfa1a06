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
  /// For `Arithmetic.integer8` the sum of the weights of each part, by output channel.
  let sums: [[Int32]]

  var region: MemoryRegion { storage.region }

  package var byteCount: Int { storage.byteCount }

  /// The channels of each part, padded as they are packed.
  package let paddedParts: [Int]

  /// The numbers that the kernel multiplies.
  package var arithmetic: Arithmetic { kernel.arithmetic }

  /// Output channels in whole blocks.
  var paddedOutputs: Int { blockCount * kernel.columns }

  /// Tiles of output channels.
  var blockCount: Int { (outputs + kernel.columns - 1) / kernel.columns }

  /// Packs output channels `outputs` of `weights: [O, C, kh, kw]`, of the kernel's numbers or, for
  /// `f32`, of any, for `kernel`.
  ///
  /// - Parameter parts: the channels of each picture that the kernel reads; all in one when nil.
  package init(
    _ weights: Tensor, outputs: Range<Int>, parts: [Int]? = nil, kernel: TileKernel
  ) {
    let shape = weights.shape
    precondition(shape.count == 4 && outputs.upperBound <= shape[0], "weights are [O, C, kh, kw]")
    let parts = parts ?? [shape[1]]
    precondition(parts.reduce(0, +) == shape[1], "the parts do not have the weights' channels")
    let weights = kernel.arithmetic == .float32 ? weights.convertedToFloat32() : weights
    precondition(
      weights.elementType == kernel.arithmetic.weightType, "\(kernel) has other weights")
    self.kernel = kernel
    self.outputs = outputs.count
    channels = shape[1]
    paddedParts = parts.map(kernel.paddedChannels)
    kernelSize = [shape[2], shape[3]]
    storage = Self.pack(weights, outputs: outputs, parts: parts, kernel: kernel)
    sums =
      kernel.arithmetic == .integer8 ? Self.sums(weights, outputs: outputs, parts: parts) : []
  }

  private static func pack(
    _ weights: Tensor, outputs: Range<Int>, parts: [Int], kernel: TileKernel
  ) -> AlignedStorage {
    let (size, taps) = (weights.elementType.byteCount, weights.shape[2] * weights.shape[3])
    let first = outputs.lowerBound * weights.shape[1] * taps * size
    let source = weights.bytes
    return unsafe source.withUnsafeBytes { source in
      unsafe parts.withUnsafeBufferPointer { parts in
        var task = unsafe pc_weights(
          weights: source.baseAddress.map { unsafe $0 + first }, outputs: outputs.count,
          part_channels: parts.baseAddress, part_count: parts.count, taps: taps)
        let count = unsafe pc_packed_weight_count(kernel.row, &task)
        return unsafe AlignedStorage(byteCount: count * size) { packed in
          unsafe pc_pack_weights(kernel.row, &task, packed.baseAddress)
        }
      }
    }
  }

  private static func sums(
    _ weights: Tensor, outputs: Range<Int>, parts: [Int]
  ) -> [[Int32]] {
    let (source, taps) = (weights.bytes, weights.shape[2] * weights.shape[3])
    var sums = parts.map { _ in [Int32]() }
    var place = outputs.lowerBound * weights.shape[1] * taps
    for _ in outputs {
      for (index, channels) in parts.enumerated() {
        var sum: Int32 = 0
        for _ in 0..<channels * taps {
          sum += Int32(unsafe source.unsafeLoad(fromByteOffset: place, as: Int8.self))
          place += 1
        }
        sums[index].append(sum)
      }
    }
    return sums
  }
}
