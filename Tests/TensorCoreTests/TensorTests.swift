import TensorCore
import Testing

@Suite struct TensorTests {
  @Test func `transposes a kernel from height width in out to out in height width`() {
    let kernel = Tensor((0..<24).map(Float.init), shape: [1, 2, 3, 4])
    let transposed = kernel.transposed([3, 2, 0, 1])
    #expect(transposed.shape == [4, 3, 1, 2])
    #expect(transposed.floats[0] == 0)
    #expect(transposed.floats[1] == 12)
    #expect(transposed.floats[2] == 4)
    #expect(transposed.transposed([2, 3, 1, 0]) == kernel)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `transposes random shapes of every element size by random permutations`(seed: UInt64) {
    var generator = SplitMix64(state: seed)
    for type in [ElementType.bool, .float16, .float32, .int64] {
      let rank = Int.random(in: 0...5, using: &generator)
      let shape = (0..<rank).map { _ in
        [0, 1, 1, 2, 2, 3, 4, 5, 9, 17][Int.random(in: 0..<10, using: &generator)]
      }
      let tensor = unsafe Tensor(elementType: type, shape: shape) { bytes in
        for index in bytes.indices {
          unsafe bytes[index] = .random(in: 0...255, using: &generator)
        }
      }
      let permutation = Array(shape.indices).shuffled(using: &generator)
      let result = tensor.transposed(permutation)
      #expect(result.shape == permutation.map { shape[$0] })
      #expect(
        elements(of: result) == transposedElements(of: tensor, permutation),
        "\(type) \(shape) by \(permutation)")
    }
  }

  private func elements(of tensor: Tensor) -> [[UInt8]] {
    let size = tensor.elementType.byteCount
    return unsafe tensor.bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: size).map { unsafe Array(bytes[$0..<$0 + size]) }
    }
  }

  /// The meaning of a transposition: the index of every element of the result, permuted back.
  private func transposedElements(of tensor: Tensor, _ permutation: [Int]) -> [[UInt8]] {
    let source = elements(of: tensor)
    let shape = permutation.map { tensor.shape[$0] }
    return source.indices.map { position in
      var rest = position
      var index = [Int](repeating: 0, count: shape.count)
      for axis in shape.indices.reversed() {
        index[permutation[axis]] = rest % shape[axis]
        rest /= shape[axis]
      }
      return source[zip(tensor.shape, index).reduce(0) { $0 * $1.0 + $1.1 }]
    }
  }

  @Test func `widens every element type exactly`() {
    let halves = unsafe Tensor(elementType: .float16, shape: [2]) { bytes in
      unsafe bytes.storeBytes(of: Float16(1.5).bitPattern, as: UInt16.self)
      unsafe bytes.storeBytes(of: Float16(-2).bitPattern, toByteOffset: 2, as: UInt16.self)
    }
    #expect(halves.convertedToFloat32().floatArray == [1.5, -2])
    let brain = unsafe Tensor(elementType: .bfloat16, shape: [1]) { bytes in
      unsafe bytes.storeBytes(of: UInt16(0x3FC0), as: UInt16.self)
    }
    #expect(brain.convertedToFloat32().floatArray == [1.5])
  }

  @Test func `compares bits so that a NaN equals itself and zeros differ by sign`() {
    #expect(Tensor([.nan], shape: [1]) == Tensor([.nan], shape: [1]))
    #expect(Tensor([0], shape: [1]) != Tensor([-0.0], shape: [1]))
  }
}

/// A small generator of repeatable numbers.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
