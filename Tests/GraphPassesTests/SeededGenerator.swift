import TensorCore

/// A small generator whose sequence its seed determines, so that a failing case can be replayed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = (seed &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func chance() -> Bool { Bool.random(using: &self) }

  /// Values in `range`.
  mutating func tensor(_ shape: [Int], in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(
      (0..<Tensor.elementCount(of: shape)).map { _ in Float.random(in: range, using: &self) },
      shape: shape)
  }

  /// A mask `[N, C, H, W]`: in each channel a hole of its own, wide enough that whole windows see
  /// nothing, and single cells that are 0 or, with `fractions`, between 0 and 1.
  mutating func mask(_ shape: [Int], fractions: Bool) -> Tensor {
    var values: [Float] = []
    for _ in 0..<shape[0] * shape[1] {
      let top = Int.random(in: 0...shape[2], using: &self)
      let left = Int.random(in: 0...shape[3], using: &self)
      for row in 0..<shape[2] {
        for column in 0..<shape[3] {
          let isHole = row >= top && column >= left || Int.random(in: 0..<8, using: &self) == 0
          let isFraction = fractions && chance()
          values.append(isHole ? 0 : isFraction ? Float.random(in: 0...1, using: &self) : 1)
        }
      }
    }
    return Tensor(values, shape: shape)
  }
}
