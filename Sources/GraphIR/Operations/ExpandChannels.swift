public import TensorCore

/// Repeats a one-channel picture over `count` channels.
public struct ExpandChannels: Operation {
  public static let mnemonic = "expand_channels"
  public let count: Int

  public init(count: Int) { self.count = count }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    count = try attributes.integer("count")
  }

  public var attributes: Attributes { ["count": .integer(count)] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    guard try channelCount(inputs[0]) == 1, (1...1_000_000).contains(count) else {
      throw GraphError(.badShape, "expand_channels of \(inputs[0]) to \(count)")
    }
    var result = inputs[0]
    result.dimensions[1] = .fixed(count)
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let area = shape[2] * shape[3]
    let x = inputs[0].floatArray
    var result: [Float] = []
    for image in 0..<shape[0] {
      for _ in 0..<count {
        for index in image * area..<(image + 1) * area { result.append(x[index]) }
      }
    }
    return [Tensor(result, shape: [shape[0], count, shape[2], shape[3]])]
  }
}
