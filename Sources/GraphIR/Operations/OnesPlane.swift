public import TensorCore

/// A mask that is valid everywhere, of the input's rows and columns: `[1, 1, H, W]` of ones.
///
/// The mask that NVIDIA's partial-convolution padding sees: its window sums fall short at the
/// border only.
public struct OnesPlane: Operation {
  public static let mnemonic = "ones_plane"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    return [.image(.fixed(1), 1, inputs[0].dimensions[2], inputs[0].dimensions[3])]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = [1, 1, inputs[0].shape[2], inputs[0].shape[3]]
    return [Tensor([Float](repeating: 1, count: shape[2] * shape[3]), shape: shape)]
  }
}
