public import TensorCore

/// A picture as one row of features: `[N, C, H, W]` to `[N, C·H·W]`, in C order.
public struct Flatten: Operation {
  public static let mnemonic = "flatten"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    let axes = inputs[0].dimensions[1...].compactMap(\.fixedValue)
    guard axes.count == 3, axes.reduce(1.0, { $0 * Double($1) }) < 0x1p31 else {
      throw GraphError(.badShape, "flatten needs a picture of fixed size, has \(inputs[0])")
    }
    return [
      ValueType(
        .float32, [inputs[0].dimensions[0], .fixed(Tensor.elementCount(of: axes))],
        layout: .plain)
    ]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    return [inputs[0].reshaped(to: [shape[0], shape[1] * shape[2] * shape[3]])]
  }
}
