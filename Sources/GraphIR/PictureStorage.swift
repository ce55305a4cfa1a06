public import TensorCore

/// How real numbers are stored in 8 bits: `x ≈ scale · (q − zeroPoint)`, q in 0...255.
public struct Quantization: Hashable, Sendable {
  /// Finite and above 0.
  public let scale: Float
  /// The stored number that means 0, in 0...255.
  public let zeroPoint: Int

  /// - Throws: `GraphError.badAttribute` for a scale or zero point out of range.
  public init(scale: Float, zeroPoint: Int) throws(GraphError) {
    guard scale.isFinite, scale > 0, (1 / scale).isFinite, (0...255).contains(zeroPoint) else {
      throw GraphError(
        .badAttribute,
        "a quantisation needs a positive scale and a zero point in 0...255, "
          + "has \(scale) and \(zeroPoint)")
    }
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// `x / scale`, by the rounded reciprocal, rounded to even, plus the zero point, in 0...255; 0 for NaN.
  public func stored(_ value: Float) -> UInt8 {
    let place = (value * (1 / scale)).rounded(.toNearestOrEven) + Float(zeroPoint)
    return UInt8(place >= 0 ? min(place, 255) : 0)
  }
}

/// How the values of a picture are stored.
public enum PictureStorage: Hashable, Sendable {
  case float32
  /// Rounded to nearest even.
  case bfloat16
  case quantized(Quantization)

  public var elementType: ElementType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .quantized: .uint8
    }
  }

  /// Reads the attributes that `attributes` writes; `float32` when there are none.
  init(reading reader: inout AttributeReader) throws(GraphError) {
    guard reader.has("output") else {
      self = .float32
      return
    }
    switch try reader.string("output") {
    case "bf16": self = .bfloat16
    case "u8":
      self = .quantized(
        try Quantization(
          scale: reader.float("output_scale"), zeroPoint: reader.integer("output_zero_point")))
    case let name: throw GraphError(.badAttribute, "pictures are not stored as '\(name)'")
    }
  }

  var attributes: Attributes {
    switch self {
    case .float32: [:]
    case .bfloat16: ["output": .string("bf16")]
    case .quantized(let quantization):
      [
        "output": .string("u8"), "output_scale": .float(quantization.scale),
        "output_zero_point": .integer(quantization.zeroPoint),
      ]
    }
  }

  /// An `f32` tensor in this storage.
  func store(_ tensor: Tensor) -> Tensor {
    switch self {
    case .float32: return tensor
    case .bfloat16: return tensor.convertedToBFloat16()
    case .quantized(let quantization):
      let values = tensor.floats
      return unsafe Tensor(elementType: .uint8, shape: tensor.shape) { bytes in
        for index in values.indices { unsafe bytes[index] = quantization.stored(values[index]) }
      }
    }
  }
}
