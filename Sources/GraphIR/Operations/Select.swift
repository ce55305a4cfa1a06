public import TensorCore

/// The second input where the first (`bool`) holds, else the third; with broadcasting.
public struct Select: Operation {
  public static let mnemonic = "select"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 3...3)
    guard inputs[0].elementType == .bool else {
      throw GraphError(.badType, "\(mnemonic) needs a bool condition, has \(inputs[0])")
    }
    for input in inputs.dropFirst() { try requireFloat(input) }
    var result = try broadcastType(inputs)
    result.elementType = .float32
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let reader = Broadcast(inputs.map(\.shape))
    let condition = inputs[0].boolArray
    let whenTrue = inputs[1].floatArray
    let whenFalse = inputs[2].floatArray
    var result = [Float](repeating: 0, count: Tensor.elementCount(of: reader.shape))
    reader.forEach { index, offsets in
      result[index] =
        condition[offsets[0]] ? whenTrue[offsets[1]] : whenFalse[offsets[2]]
    }
    return [Tensor(result, shape: reader.shape)]
  }
}
