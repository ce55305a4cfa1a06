public import TensorCore

/// `(x - mean) / sqrt(variance + epsilon) · gamma + beta`, per channel.
///
/// Inputs x, gamma, beta and, for moving statistics, mean and variance `[C]`. Batch statistics are
/// the mean and the biased variance over N, H and W of x itself (Keras `training=True`).
public struct BatchNormalization: Operation {
  public enum Statistics: String, CaseIterable, Sendable {
    case moving, batch
  }

  public static let mnemonic = "batch_normalization"
  public let epsilon: Float
  public let statistics: Statistics

  public init(epsilon: Float, statistics: Statistics) {
    self.epsilon = epsilon
    self.statistics = statistics
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    epsilon = try attributes.float("epsilon")
    statistics = try attributes.choice("statistics", Statistics.self)
  }

  public var attributes: Attributes {
    ["epsilon": .float(epsilon), "statistics": .string(statistics.rawValue)]
  }
  public var exactness: Exactness { .reassociates }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    let count = statistics == .moving ? 5 : 3
    try requireInputs(inputs, count...count)
    try requireImage(inputs[0])
    let channels = try channelCount(inputs[0])
    for input in inputs.dropFirst() {
      try requireVector(input, count: channels, "parameter")
    }
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let area = shape[2] * shape[3]
    let x = inputs[0].floatArray
    let parameters = inputs.dropFirst().map(\.floatArray)
    var result = [Float](repeating: 0, count: x.count)
    for channel in 0..<shape[1] {
      let (mean, variance) =
        statistics == .moving
        ? (parameters[2][channel], parameters[3][channel])
        : moments(x, shape, channel: channel)
      let scale = parameters[0][channel] / (variance + epsilon).squareRoot()
      let shift = parameters[1][channel]
      for image in 0..<shape[0] {
        let start = (image * shape[1] + channel) * area
        for index in start..<start + area {
          result[index] = (x[index] - mean) * scale + shift
        }
      }
    }
    return [Tensor(result, shape: shape)]
  }

  private func moments(
    _ x: [Float], _ shape: [Int], channel: Int
  ) -> (mean: Float, variance: Float) {
    let area = shape[2] * shape[3]
    let starts = (0..<shape[0]).map { ($0 * shape[1] + channel) * area }
    let count = Double(shape[0] * area)
    var sum = 0.0
    for start in starts { for index in start..<start + area { sum += Double(x[index]) } }
    let mean = sum / count
    var squares = 0.0
    for start in starts {
      for index in start..<start + area {
        let difference = Double(x[index]) - mean
        squares += difference * difference
      }
    }
    return (Float(mean), Float(squares / count))
  }
}
