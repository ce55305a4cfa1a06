import GraphIR
import TensorCore

/// Builds the graph of a Keras model, layer by layer, in an order in which they can run.
struct KerasGraphBuilder {
  let store: WeightStore
  /// Names for partial convolutions; nil when the model has none.
  let description: NetworkDescription?
  /// The arithmetic of its partial convolutions.
  let dialect: PartialConvolutionDialect?
  let batchNorm: BatchNormChoice?
  private(set) var assembler: GraphAssembler
  private(set) var batchStatisticsCount = 0
  /// Rows of features that were pictures of this shape (channels, rows, columns), as they are here;
  /// Keras would have put the channels last.
  private(set) var flattenedShapes: [ValueID: [Int]] = [:]
  private var values: [KerasModelConfig.Reference: ValueID] = [:]
  /// Names of the models around the current layers, each with a `/`.
  private var path: String
  private var callCount = 0
  /// Models within models, each called twice, would grow without bound.
  private static let longestRun = 20_000

  init(
    _ store: WeightStore, _ description: NetworkDescription?,
    _ dialect: PartialConvolutionDialect?, _ batchNorm: BatchNormChoice?, path: String
  ) {
    self.store = store
    self.description = description
    self.dialect = dialect
    self.batchNorm = batchNorm
    self.path = path
    assembler = GraphAssembler(name: description?.name ?? "keras-model")
  }

  mutating func build(
    _ config: KerasModelConfig, sizeMultiple: Int
  ) throws(ImportError) -> Graph {
    let isFixed = config.contains(classes: KerasLayerTable.classesOfFixedSize)
    for input in config.inputs {
      try addInput(input, config, sizeMultiple: isFixed ? nil : sizeMultiple)
    }
    try runLayers(of: config)
    try addOutputs(config)
    return assembler.graph
  }

  private mutating func runLayers(of config: KerasModelConfig) throws(ImportError) {
    var waiting = config.layers.flatMap { layer in
      layer.calls.indices.map { (layer: layer, call: $0) }
    }
    while !waiting.isEmpty {
      var blocked: [(layer: KerasModelConfig.Layer, call: Int)] = []
      for item in waiting where try !run(item.layer, call: item.call) { blocked.append(item) }
      guard blocked.count < waiting.count else {
        let names = blocked.prefix(4).map { "'\($0.layer.name)'" }.joined(separator: ", ")
        throw ImportError(
          .unsupportedLayer,
          "the layers \(names) wait for each other or for missing layers")
      }
      waiting = blocked
    }
  }

  /// Runs one call when its inputs are known; tells whether it did.
  private mutating func run(
    _ layer: KerasModelConfig.Layer, call index: Int
  ) throws(ImportError) -> Bool {
    let call = layer.calls[index]
    let inputs = call.inputs.compactMap { values[$0] }
    guard inputs.count == call.inputs.count else { return false }
    callCount += 1
    guard callCount <= Self.longestRun else {
      throw ImportError(
        .unsupportedLayer,
        "the model calls more than \(Self.longestRun) layers, with the nested ones")
    }
    let results = try KerasLayerTable.row(layer)(
      &self, KerasLayerCall(layer: layer, path: path, inputs: inputs, training: call.training))
    for (tensor, value) in results.enumerated() {
      values[.init(layer: layer.name, call: index, tensor: tensor)] = value
    }
    return true
  }

  /// Runs the layers of a model that is a layer, and gives its outputs.
  mutating func nestedModel(_ call: KerasLayerCall) throws(ImportError) -> [ValueID] {
    let config = try KerasModelConfig(of: call.layer)
    guard config.inputs.count == call.inputs.count else {
      throw call.unsupported(
        "it takes \(config.inputs.count) inputs and is given \(call.inputs.count)")
    }
    let (outerValues, outerPath) = (values, path)
    values = Dictionary(zip(config.inputs, call.inputs)) { first, _ in first }
    path = call.name + "/"
    try runLayers(of: config)
    var results: [ValueID] = []
    for reference in config.outputs { results.append(try output(reference)) }
    (values, path) = (outerValues, outerPath)
    return results
  }

  private func output(
    _ reference: KerasModelConfig.Reference
  ) throws(ImportError) -> ValueID {
    guard let value = values[reference] else {
      throw ImportError(
        .unsupportedLayer, "an output comes from layer '\(reference.layer)', which is not there")
    }
    return value
  }

  /// Adds a picture input of the file's own size when `sizeMultiple` is nil.
  private mutating func addInput(
    _ reference: KerasModelConfig.Reference, _ config: KerasModelConfig, sizeMultiple: Int?
  ) throws(ImportError) {
    guard let layer = config.layers.first(where: { $0.name == reference.layer }),
      let shape = (layer.config["batch_input_shape"] ?? layer.config["batch_shape"])?.array,
      shape.count == 4, let channels = shape[3].integer, (1...65_536).contains(channels)
    else {
      throw ImportError(
        .unsupportedLayer, "input layer '\(reference.layer)' is not a picture with known channels")
    }
    var size: [Dimension] = []
    for (axis, name) in ["H", "W"].enumerated() {
      if let sizeMultiple {
        size.append(.symbol(Symbol(name, multiple: sizeMultiple)))
      } else if let length = shape[1 + axis].integer, (1...65_536).contains(length) {
        size.append(.fixed(length))
      } else {
        throw ImportError(
          .unsupportedLayer, "the model flattens pictures, but its config records no picture size")
      }
    }
    let type = ValueType(
      .float32, [.symbol(Symbol("N"))] + size + [.fixed(channels)], layout: .nhwc)
    let role = config.role(of: reference)
    let input = assembler.addInput(
      role ?? layer.name, type, aliases: role == nil || role == layer.name ? [] : [layer.name])
    values[reference] = try assembler.apply(ChangeLayout(to: .nchw), input, label: "")
  }

  private mutating func addOutputs(_ config: KerasModelConfig) throws(ImportError) {
    for (index, reference) in config.outputs.enumerated() {
      var value = try output(reference)
      guard flattenedShapes[value] == nil else {
        throw ImportError(
          .unsupportedLayer, "layer '\(reference.layer)': a flattened picture cannot be an output")
      }
      if assembler.type(value).layout == .nchw {
        value = try assembler.apply(ChangeLayout(to: .nhwc), value, label: "")
      }
      let isMask = reference.tensor == 1 && config.isPartialConvolution(reference.layer)
      assembler.addOutput(
        index == 0 ? "output" : isMask ? "output_mask" : reference.layer, value)
    }
  }

  mutating func countBatchStatistics() { batchStatisticsCount += 1 }

  /// Notes that `value` holds the features of `source`, a picture or a row made of one, in order.
  mutating func markFlattened(_ value: ValueID, from source: ValueID) {
    let picture = assembler.type(source).dimensions.dropFirst().compactMap(\.fixedValue)
    flattenedShapes[value] = flattenedShapes[source] ?? (picture.count == 3 ? picture : nil)
  }

  /// Gives the row functions of the layer table access to the assembler.
  mutating func assemble<Result>(
    _ body: (inout GraphAssembler) throws(ImportError) -> Result
  ) throws(ImportError) -> Result {
    try body(&assembler)
  }
}

extension KerasModelConfig {
  func isPartialConvolution(_ name: String) -> Bool {
    layers.contains { $0.name == name && $0.isPartialConvolution }
  }

  /// Whether this model, or one nested in it, has partial convolutions.
  var hasPartialConvolutions: Bool {
    layers.contains { layer in
      layer.isPartialConvolution
        || layer.isModel && (try? KerasModelConfig(of: layer))?.hasPartialConvolutions == true
    }
  }

  /// `image` or `mask` for the inputs of partial convolutions, by the place they are given in.
  fileprivate func role(of input: Reference) -> String? {
    let calls = layers.filter(\.isPartialConvolution).flatMap(\.calls)
    for call in calls where call.inputs.count == 2 {
      if call.inputs[0] == input { return "image" }
      if call.inputs[1] == input { return "mask" }
    }
    return nil
  }
}
