public import TensorCore

/// `y = x · wᵀ + b`: `x: [N, K]`, `w: [M, K]`, `b: [M]`, `y: [N, M]`.
public struct Dense: Operation {
  public static let mnemonic = "dense"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .reassociates }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 3...3)
    guard let weights = inputs[1].fixedShape, weights.count == 2, inputs[0].rank == 2,
      inputs[0].dimensions[1] == .fixed(weights[1])
    else {
      throw GraphError(.badShape, "dense of \(inputs[0]) by \(inputs[1])")
    }
    for input in inputs { try requireFloat(input) }
    try requireVector(inputs[2], count: weights[0], "bias")
    return [
      ValueType(.float32, [inputs[0].dimensions[0], .fixed(weights[0])], layout: .plain)
    ]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let (rows, depth, columns) = (
      inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[0]
    )
    let x = inputs[0].floatArray
    let weights = inputs[1].floatArray
    let bias = inputs[2].floatArray
    var result: [Float] = []
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = 0.0
        for k in 0..<depth {
          sum += Double(x[row * depth + k]) * Double(weights[column * depth + k])
        }
        result.append(Float(sum) + bias[column])
      }
    }
    return [Tensor(result, shape: [rows, columns])]
  }
}
