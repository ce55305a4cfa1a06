public import TensorCore

/// Channels `start..<end` of a picture.
public struct SliceChannels: Operation {
  public static let mnemonic = "slice_channels"
  public let start: Int
  public let end: Int

  public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    end = try attributes.integer("end")
    start = try attributes.integer("start")
  }

  public var attributes: Attributes { ["end": .integer(end), "start": .integer(start)] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    guard start >= 0, start < end, end <= (try channelCount(inputs[0])) else {
      throw GraphError(.badShape, "channels \(start)..<\(end) of \(inputs[0])")
    }
    var result = inputs[0]
    result.dimensions[1] = .fixed(end - start)
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let area = shape[2] * shape[3]
    let x = inputs[0].floatArray
    var result: [Float] = []
    for image in 0..<shape[0] {
      let base = image * shape[1] * area
      for index in base + start * area..<base + end * area { result.append(x[index]) }
    }
    return [Tensor(result, shape: [shape[0], end - start, shape[2], shape[3]])]
  }
}
