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
  /// - Parameters:
  ///   - parts: the channels of each picture that the kernel reads; all in one when nil.
  ///   - selection: which channels and taps those are; all of them when nil.
  package init(
    _ weights: Tensor, outputs: Range<Int>, parts: [Int]? = nil,
    selection: WeightSelection? = nil, kernel: TileKernel
  ) {
    let shape = weights.shape
    precondition(shape.count == 4 && outputs.upperBound <= shape[0], "weights are [O, C, kh, kw]")
    let parts = parts ?? [shape[1]]
    precondition(
      selection != nil || parts.reduce(0, +) == shape[1],
      "the parts do not have the weights' channels")
    let selection = selection ?? WeightSelection(parts: parts, kernel: Array(shape[2...]))
    selection.check(shape, parts: parts)
    let weights = kernel.arithmetic == .float32 ? weights.convertedToFloat32() : weights
    precondition(
      weights.elementType == kernel.arithmetic.weightType, "\(kernel) has other weights")
    self.kernel = kernel
    self.outputs = outputs.count
    channels = parts.reduce(0, +)
    paddedParts = parts.map(kernel.paddedChannels)
    kernelSize = [selection.rows.count, selection.columns.count]
    (storage, sums) = Self.pack(
      weights, outputs: outputs, parts: parts, selection, kernel: kernel)
  }

  private static func pack(
    _ weights: Tensor, outputs: Range<Int>, parts: [Int], _ selection: WeightSelection,
    kernel: TileKernel
  ) -> (AlignedStorage, sums: [[Int32]]) {
    let (size, taps) = (weights.elementType.byteCount, weights.shape[2] * weights.shape[3])
    let first = outputs.lowerBound * weights.shape[1] * taps * size
    let (source, places) = (weights.bytes, selection.taps(of: weights.shape))
    return unsafe source.withUnsafeBytes { source in
      unsafe parts.withUnsafeBufferPointer { parts in
        unsafe selection.firstChannels.withUnsafeBufferPointer { starts in
          unsafe places.withUnsafeBufferPointer { places in
            var task = unsafe pc_weights(
              weights: source.baseAddress.map { unsafe $0 + first }, outputs: outputs.count,
              part_channels: parts.baseAddress, part_count: parts.count, taps: places.count,
              part_starts: starts.baseAddress, tap_places: places.baseAddress,
              channel_pitch: taps, output_pitch: weights.shape[1] * taps)
            return unsafe (pack(&task, kernel), sums: sums(&task, kernel))
          }
        }
      }
    }
  }

  private static func pack(_ task: inout pc_weights, _ kernel: TileKernel) -> AlignedStorage {
    let count = unsafe pc_packed_weight_count(kernel.row, &task)
    return unsafe AlignedStorage(
      byteCount: count * kernel.arithmetic.weightType.byteCount
    ) { packed in
      unsafe pc_pack_weights(kernel.row, &task, packed.baseAddress)
    }
  }

  private static func sums(_ task: inout pc_weights, _ kernel: TileKernel) -> [[Int32]] {
    guard kernel.arithmetic == .integer8 else { return [] }
    let (parts, outputs) = unsafe (task.part_count, task.outputs)
    var sums = [Int32](repeating: 0, count: parts * outputs)
    unsafe pc_sum_weights(&task, &sums)
    return (0..<parts).map { Array(sums[$0 * outputs..<($0 + 1) * outputs]) }
  }
}

/// Some of the input channels and taps of weights `[O, C, kh, kw]`.
package struct WeightSelection {
  /// Where the channels of each part begin in the weights.
  fileprivate let firstChannels: [Int]
  /// The rows and columns of the kernel whose taps are taken.
  fileprivate let rows: [Int]
  fileprivate let columns: [Int]

  /// Selects parts that begin at `firstChannels` and the taps of `rows` by `columns`.
  package init(firstChannels: [Int], rows: [Int], columns: [Int]) {
    self.firstChannels = firstChannels
    self.rows = rows
    self.columns = columns
  }

  /// All of the weights of `parts` in turn and of a kernel of that size.
  fileprivate init(parts: [Int], kernel: [Int]) {
    var next = 0
    firstChannels = parts.map { count in
      defer { next += count }
      return next
    }
    (rows, columns) = (Array(0..<kernel[0]), Array(0..<kernel[1]))
  }

  /// Where the taps are in a channel of weights of that shape.
  fileprivate func taps(of shape: [Int]) -> [Int] {
    rows.flatMap { row in columns.map { row * shape[3] + $0 } }
  }

  /// Checks that all of it lies in weights of that shape.
  fileprivate func check(_ shape: [Int], parts: [Int]) {
    precondition(
      firstChannels.count == parts.count
        && zip(firstChannels, parts).allSatisfy { $0 >= 0 && $1 >= 0 && $0 + $1 <= shape[1] }
        && rows.allSatisfy((0..<shape[2]).contains)
        && columns.allSatisfy((0..<shape[3]).contains),
      "the parts do not lie in the weights")
  }
}
