public import TensorCore

/// The mean over all rows and columns of each channel: `[N, C, H, W]` to `[N, C, 1, 1]`.
public struct GlobalAverage: Operation {
  public static let mnemonic = "global_average"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .reassociates }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    var result = inputs[0]
    result.dimensions[2...] = [.fixed(1), .fixed(1)]
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let area = shape[2] * shape[3]
    let x = inputs[0].floatArray
    let means = (0..<shape[0] * shape[1]).map { plane in
      Float(x[plane * area..<(plane + 1) * area].reduce(0.0) { $0 + Double($1) } / Double(area))
    }
    return [Tensor(means, shape: [shape[0], shape[1], 1, 1])]
  }
}
