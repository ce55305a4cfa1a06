import GraphIR
import TensorCore

/// Appends layers to a graph, each in the framework's own order of operations.
struct GraphAssembler {
  private(set) var graph: Graph
  private var scalars: [Float: ValueID] = [:]
  private var constants: [String: ValueID] = [:]

  init(name: String) { graph = Graph(name: name) }

  mutating func addInput(_ name: String, _ type: ValueType, aliases: [String] = []) -> ValueID {
    graph.addInput(name, type, aliases: aliases)
  }

  mutating func addOutput(_ name: String, _ value: ValueID) { graph.addOutput(name, value) }

  func type(_ value: ValueID) -> ValueType {
    guard let type = graph.type(of: value) else {
      preconditionFailure("the assembler was asked for the type of a value it did not make")
    }
    return type
  }

  func channelCount(_ value: ValueID) -> Int { type(value).dimensions[1].fixedValue ?? 0 }

  /// Appends a node of one result.
  mutating func apply(
    _ operation: any Operation, _ inputs: ValueID..., label: String
  ) throws(ImportError) -> ValueID {
    try apply(operation, inputs, label: label)
  }

  mutating func apply(
    _ operation: any Operation, _ inputs: [ValueID], label: String
  ) throws(ImportError) -> ValueID {
    do throws(GraphError) {
      return try graph.add(operation, inputs, label: label)[0]
    } catch {
      throw ImportError(.shapeMismatch, "layer '\(label)': \(error)")
    }
  }

  mutating func scalar(_ value: Float) throws(ImportError) -> ValueID {
    if let known = scalars[value] { return known }
    let made = try apply(Fill.scalar(value), label: "")
    scalars[value] = made
    return made
  }

  /// A stored tensor; when all its elements are equal, the number it repeats.
  mutating func constant(_ name: String, _ tensor: Tensor) throws(ImportError) -> ValueID {
    if let known = constants[name] { return known }
    let value = graph.addConstant(name.asConstantName, tensor)
    constants[name] = value
    return value
  }

  /// A kernel of mask weights: one number when all are equal, so that it need not be stored.
  mutating func maskKernel(
    _ stored: (name: String, tensor: Tensor)?, shape: [Int], label: String
  ) throws(ImportError) -> ValueID {
    guard let stored else { return try apply(Fill(1, shape: shape), label: label) }
    guard stored.tensor.shape.count == 4, stored.tensor.shape[2...] == shape[2...] else {
      throw ImportError(
        .shapeMismatch,
        "tensor '\(stored.name)' has shape \(stored.tensor.shape), the network needs \(shape)")
    }
    guard let value = stored.tensor.uniformValue else {
      return try constant(stored.name, stored.tensor)
    }
    return try apply(Fill(value, shape: shape), label: label)
  }

  /// A vector as an image of one pixel, for arithmetic with a picture.
  mutating func channelVector(
    _ name: String, _ tensor: Tensor
  ) throws(ImportError) -> ValueID {
    try constant(name + ".channels", tensor.reshaped(to: [1, tensor.elementCount, 1, 1]))
  }

  mutating func batchNormalization(
    _ input: ValueID, _ parameters: BatchNormParameters, label: String
  ) throws(ImportError) -> ValueID {
    let count = channelCount(input)
    var inputs = [
      input,
      try vector(parameters.gamma, count: count, fallback: 1, label),
      try vector(parameters.beta, count: count, fallback: 0, label),
    ]
    if parameters.statistics == .moving {
      inputs.append(try constant(parameters.mean.name, parameters.mean.tensor))
      inputs.append(try constant(parameters.variance.name, parameters.variance.tensor))
    }
    let operation = BatchNormalization(
      epsilon: parameters.epsilon, statistics: parameters.statistics)
    return try apply(operation, inputs, label: label)
  }

  private mutating func vector(
    _ stored: NamedTensor?, count: Int, fallback: Float, _ label: String
  ) throws(ImportError) -> ValueID {
    guard let stored else { return try apply(Fill(fallback, shape: [count]), label: label) }
    return try constant(stored.name, stored.tensor)
  }
}

typealias NamedTensor = (name: String, tensor: Tensor)

struct BatchNormParameters {
  var gamma: NamedTensor?
  var beta: NamedTensor?
  var mean: NamedTensor
  var variance: NamedTensor
  var epsilon: Float
  var statistics: BatchNormalization.Statistics
}

extension String {
  /// The name with every character that the text form of graphs does not allow replaced.
  fileprivate var asConstantName: String {
    String(
      map { character in
        character.isASCII && (character.isLetter || character.isNumber)
          || "_./:-".contains(character) ? character : "_"
      })
  }
}

extension Tensor {
  /// The value that all elements of an `f32` tensor have, if they are equal.
  fileprivate var uniformValue: Float? {
    let values = floats
    guard values.count > 0 else { return nil }
    let first = values[0]
    for index in values.indices where values[index] != first { return nil }
    return first
  }
}
