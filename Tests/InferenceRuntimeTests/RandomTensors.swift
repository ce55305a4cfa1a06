import TensorCore

/// A small generator whose sequence its seed determines, so that a failing case can be replayed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// Values in -1...1.
  mutating func tensor(_ shape: [Int]) -> Tensor {
    Tensor(
      (0..<Tensor.elementCount(of: shape)).map { _ in Float.random(in: -1...1, using: &self) },
      shape: shape)
  }

  /// Values in 0.5...2.
  mutating func positives(_ shape: [Int]) -> Tensor {
    Tensor(
      (0..<Tensor.elementCount(of: shape)).map { _ in Float.random(in: 0.5...2, using: &self) },
      shape: shape)
  }

  /// Zeros and ones, and with `fractions` values between.
  mutating func mask(_ shape: [Int], fractions: Bool = false) -> Tensor {
    let choices: [Float] = fractions ? [0, 1, 0.25, 0.7] : [0, 1]
    return Tensor(
      (0..<Tensor.elementCount(of: shape)).map { _ in choices.randomElement(using: &self) ?? 1 },
      shape: shape)
  }

  /// Ones but for a rectangle of zeros, of at least half the rows and columns, in each image.
  mutating func compactHole(_ shape: [Int]) -> Tensor {
    let area = shape[2] * shape[3]
    var values = [Float](repeating: 1, count: Tensor.elementCount(of: shape))
    for image in 0..<shape[0] * shape[1] {
      let axes = shape[2...].map { length in
        let first = Int.random(in: 0...length / 2, using: &self)
        return first..<min(first + (length + 1) / 2 + image % 2, length)
      }
      for row in axes[0] {
        for column in axes[1] { values[image * area + row * shape[3] + column] = 0 }
      }
    }
    return Tensor(values, shape: shape)
  }

  mutating func booleans(_ shape: [Int]) -> Tensor {
    let bytes = (0..<Tensor.elementCount(of: shape)).map { _ in
      UInt8.random(in: 0...1, using: &self)
    }
    return unsafe Tensor(elementType: .bool, shape: shape) { unsafe $0.copyBytes(from: bytes) }
  }
}
