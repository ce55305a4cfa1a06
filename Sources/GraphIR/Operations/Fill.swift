public import TensorCore

/// A constant whose elements are all `value`: a scalar `[1,1,1,1]`, or a kernel of ones.
public struct Fill: Operation {
  public static let mnemonic = "fill"
  public let shape: [Int]
  public let value: Float

  public init(_ value: Float, shape: [Int]) {
    self.shape = shape
    self.value = value
  }

  /// One number that broadcasts to any picture.
  public static func scalar(_ value: Float) -> Fill { Fill(value, shape: [1, 1, 1, 1]) }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    shape = try attributes.integers("shape", in: 1...1_000_000)
    value = try attributes.float("value")
    guard shape.count <= 4, shape.reduce(1.0, { $0 * Double($1) }) <= 0x1p31 else {
      throw GraphError(.badAttribute, "fill of shape \(shape) is too large")
    }
  }

  public var attributes: Attributes { ["shape": .integers(shape), "value": .float(value)] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 0...0)
    return [
      ValueType(
        .float32, shape.map(Dimension.fixed), layout: shape == [1, 1, 1, 1] ? .nchw : .plain)
    ]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    [Tensor([Float](repeating: value, count: Tensor.elementCount(of: shape)), shape: shape)]
  }
}
