public import TensorCore

/// Joins pictures of equal size along their channels, in the order given.
public struct Concat: Operation {
  public static let mnemonic = "concat"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1024)
    var channels = 0
    for input in inputs {
      try requireImage(input)
      channels += try channelCount(input)
      guard
        input.dimensions[0] == inputs[0].dimensions[0],
        input.dimensions[2...] == inputs[0].dimensions[2...]
      else {
        throw GraphError(.badShape, "concat: \(inputs[0]) and \(input) differ in size")
      }
    }
    var result = inputs[0]
    result.dimensions[1] = .fixed(channels)
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    var shape = inputs[0].shape
    shape[1] = inputs.reduce(0) { $0 + $1.shape[1] }
    let area = shape[2] * shape[3]
    var result: [Float] = []
    result.reserveCapacity(Tensor.elementCount(of: shape))
    for image in 0..<shape[0] {
      for input in inputs {
        let count = input.shape[1] * area
        let values = input.floatArray
        for index in image * count..<(image + 1) * count { result.append(values[index]) }
      }
    }
    return [Tensor(result, shape: shape)]
  }
}
