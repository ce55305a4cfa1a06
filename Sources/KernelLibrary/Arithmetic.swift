import CKernels
package import TensorCore

/// Which numbers a matrix product multiplies, and how it sums them.
package enum Arithmetic: Hashable, Sendable, CaseIterable {
  /// `f32` pictures and weights.
  case float32
  /// `bf16` pictures and weights, summed as `f32`.
  case bfloat16
  /// `u8` pictures and `i8` weights, summed exactly as `i32`.
  case integer8

  package var pictureType: ElementType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .integer8: .uint8
    }
  }

  var code: pc_arithmetic {
    switch self {
    case .float32: PC_F32
    case .bfloat16: PC_BF16
    case .integer8: PC_U8S8
    }
  }

  init(_ code: pc_arithmetic) {
    self = Self.allCases.first { $0.code == code } ?? .float32
  }

  package var weightType: ElementType { self == .integer8 ? .int8 : pictureType }

  /// The longest sum that `i32` holds whatever the numbers are.
  package static let longestIntegerSum = Int(Int32.max) / (255 * 128)
}

/// What the numbers of a `u8` picture mean: `scale · (q − zeroPoint)`.
package struct ByteScale: Hashable, Sendable {
  package var scale: Float
  /// In 0...255.
  package var zeroPoint: Int

  package init(scale: Float, zeroPoint: Int) {
    precondition((0...255).contains(zeroPoint), "a zero point is a byte")
    self.scale = scale
    self.zeroPoint = zeroPoint
  }
}

/// How a convolution stores its results.
package enum ResultStorage: Hashable, Sendable {
  case float32
  /// Rounded to nearest even.
  case bfloat16
  /// Times the rounded reciprocal of the scale, rounded to even, plus the zero point, in 0...255.
  case bytes(ByteScale)
  /// The `i32` sums of `Arithmetic.integer8` as they are, without an epilogue.
  case integerSums

  /// The storage as C names it, the factor of a byte, and its zero point.
  var row: (pc_storage, Float, Int32) {
    switch self {
    case .float32: (PC_STORE_F32, 0, 0)
    case .bfloat16: (PC_STORE_BF16, 0, 0)
    case .integerSums: (PC_STORE_I32, 0, 0)
    case .bytes(let meaning): (PC_STORE_U8, 1 / meaning.scale, Int32(meaning.zeroPoint))
    }
  }

  /// Bytes of one result.
  package var byteCount: Int {
    switch self {
    case .float32, .integerSums: 4
    case .bfloat16: 2
    case .bytes: 1
    }
  }
}
