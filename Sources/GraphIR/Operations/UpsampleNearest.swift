public import TensorCore

/// Repeats every row and column `factor` times: `y[i, j] = x[i / f, j / f]`.
public struct UpsampleNearest: Operation {
  public static let mnemonic = "upsample_nearest"
  /// Repetitions of rows and of columns.
  public let factor: [Int]

  public init(factor: [Int]) { self.factor = factor }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    factor = try attributes.integers("factor", count: 2, in: 1...64)
  }

  public var attributes: Attributes { ["factor": .integers(factor)] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    var result = inputs[0]
    for axis in 0..<2 {
      guard let length = inputs[0].dimensions[2 + axis].multiplied(by: factor[axis]) else {
        throw GraphError(
          .badShape,
          "upsample_nearest: \(inputs[0]) has rounded sizes; declare the size multiple it needs")
      }
      result.dimensions[2 + axis] = length
    }
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    return [
      gather(inputs[0], shape[2] * factor[0], shape[3] * factor[1]) {
        ($0 / factor[0], $1 / factor[1])
      }
    ]
  }
}

/// An image whose pixel (row, column) is the pixel of `input` that `source` names, or 0 for nil.
func gather(
  _ input: Tensor, _ height: Int, _ width: Int, _ source: (Int, Int) -> (Int, Int)?
) -> Tensor {
  let shape = input.shape
  let x = input.floatArray
  var result: [Float] = []
  result.reserveCapacity(shape[0] * shape[1] * height * width)
  for plane in 0..<shape[0] * shape[1] {
    for row in 0..<height {
      for column in 0..<width {
        guard let (y, z) = source(row, column) else {
          result.append(0)
          continue
        }
        result.append(x[(plane * shape[2] + y) * shape[3] + z])
      }
    }
  }
  return Tensor(result, shape: [shape[0], shape[1], height, width])
}
