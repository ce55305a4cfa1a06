public import TensorCore

/// A function of each element.
public protocol ElementwiseUnary: Operation {
  func apply(_ value: Float) -> Float
}

extension ElementwiseUnary {
  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireFloat(inputs[0])
    return inputs
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let input = inputs[0].floatArray
    return [Tensor(input.indices.map { apply(input[$0]) }, shape: inputs[0].shape)]
  }
}
