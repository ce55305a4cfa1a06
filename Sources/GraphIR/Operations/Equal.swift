public import TensorCore

/// Whether two values are equal, element by element, with broadcasting; the result is `bool`.
public struct Equal: Operation {
  public static let mnemonic = "equal"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 2...2)
    for input in inputs { try requireFloat(input) }
    var result = try broadcastType(inputs)
    result.elementType = .bool
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let reader = Broadcast(inputs.map(\.shape))
    let left = inputs[0].floatArray
    let right = inputs[1].floatArray
    var result = [UInt8](repeating: 0, count: Tensor.elementCount(of: reader.shape))
    reader.forEach { index, offsets in
      result[index] = left[offsets[0]] == right[offsets[1]] ? 1 : 0
    }
    return [
      unsafe Tensor(elementType: .bool, shape: reader.shape) { unsafe $0.copyBytes(from: result) }
    ]
  }
}
