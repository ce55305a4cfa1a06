import TensorCore
import Testing

@testable import KernelLibrary

@Suite struct WeightSelectionTests {
  /// Weights `[O, C, kh, kw]` of which every byte tells its place.
  private func weights(_ type: ElementType, _ shape: [Int]) -> Tensor {
    unsafe Tensor(elementType: type, shape: shape) { bytes in
      for index in bytes.indices {
        unsafe bytes[index] = UInt8(truncatingIfNeeded: index &* 37 &+ index >> 8)
      }
    }
  }

  /// The channels and taps of a selection as weights of their own.
  private func selected(
    _ weights: Tensor, channels: [Int], rows: [Int], columns: [Int]
  ) -> Tensor {
    let (shape, size) = (weights.shape, weights.elementType.byteCount)
    var places: [Int] = []
    for output in 0..<shape[0] {
      for channel in channels {
        for row in rows {
          places += columns.map {
            ((output * shape[1] + channel) * shape[2] + row) * shape[3] + $0
          }
        }
      }
    }
    let source = weights.bytes
    return unsafe Tensor(
      elementType: weights.elementType,
      shape: [shape[0], channels.count, rows.count, columns.count]
    ) { bytes in
      for (index, place) in places.enumerated() {
        for byte in 0..<size {
          unsafe bytes[index * size + byte] = source.unsafeLoad(
            fromByteOffset: place * size + byte, as: UInt8.self)
        }
      }
    }
  }

  private func bytes(_ weights: PackedWeights) -> [UInt8] {
    unsafe weights.region.withBytes { unsafe Array($0) }
  }

  @Test(arguments: Arithmetic.allCases.flatMap(TileKernel.matrixProducts) + TileKernel.dotProducts)
  func `packs some channels and taps as weights that have no others`(_ kernel: TileKernel) {
    for (outputs, first) in [(1, 3), (kernel.columns + 1, 19), (2 * kernel.columns, 16)] {
      let weights = weights(kernel.arithmetic.weightType, [outputs + 2, 40, 3, 5])
      let channels = Array(21..<21 + first) + Array(2..<7)
      let (rows, columns) = ([0, 2], [4, 0, 1, 2, 3])
      let part = PackedWeights(
        weights, outputs: 1..<outputs + 1, parts: [first, 5],
        selection: WeightSelection(firstChannels: [21, 2], rows: rows, columns: columns),
        kernel: kernel)
      let whole = PackedWeights(
        selected(weights, channels: channels, rows: rows, columns: columns),
        outputs: 1..<outputs + 1, parts: [first, 5], kernel: kernel)
      #expect(bytes(part) == bytes(whole), "\(outputs) outputs")
      #expect(part.sums == whole.sums)
      #expect(part.kernelSize == [2, 5])
    }
  }

  @Test(arguments: Arithmetic.allCases.flatMap(TileKernel.matrixProducts))
  func `packs each number where the order of panels says`(_ kernel: TileKernel) {
    let (outputs, channels, taps) = (kernel.columns + 3, 21, 11)
    let weights = weights(kernel.arithmetic.weightType, [outputs, channels, 1, taps])
    let packed = PackedWeights(weights, outputs: 0..<outputs, kernel: kernel)
    let (size, group) = (weights.elementType.byteCount, kernel.paddedChannels(1))
    let padded = kernel.paddedChannels(channels)
    let source = weights.bytes
    var expected: [UInt8] = Array(repeating: 0, count: packed.byteCount)
    for output in 0..<outputs {
      let block = output / kernel.columns
      let width = block == 0 ? kernel.columns : kernel.columns / 2
      for channel in 0..<channels {
        for tap in 0..<taps {
          let depth = tap * padded + channel
          let place =
            block * kernel.columns * padded * taps + depth / group * group * width
            + output % kernel.columns * group + depth % group
          for byte in 0..<size {
            expected[place * size + byte] = unsafe source.unsafeLoad(
              fromByteOffset: ((output * channels + channel) * taps + tap) * size + byte,
              as: UInt8.self)
          }
        }
      }
    }
    #expect(bytes(packed) == expected)
  }
}
