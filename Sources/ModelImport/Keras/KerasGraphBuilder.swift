import GraphIR
import TensorCore

/// Builds the graph of a Keras model, layer by layer, in an order in which they can run.
struct KerasGraphBuilder {
  let store: WeightStore
  /// Arithmetic and names for partial convolutions; nil when the model has none.
  let description: NetworkDescription?
  let batchNorm: BatchNormChoice?
  private(set) var assembler: GraphAssembler
  private(set) var batchStatisticsCount = 0
  private var values: [KerasModelConfig.Reference: ValueID] = [:]

  init(
    _ config: KerasModelConfig, _ store: WeightStore, _ description: NetworkDescription?,
    _ batchNorm: BatchNormChoice?
  ) {
    self.store = store
    self.description = description
    self.batchNorm = batchNorm
    assembler = GraphAssembler(name: description?.name ?? "keras-model")
  }

  mutating func build(
    _ config: KerasModelConfig, sizeMultiple: Int
  ) throws(ImportError) -> Graph {
    for input in config.inputs { try addInput(input, config, sizeMultiple) }
    var waiting = config.layers.flatMap { layer in
      layer.calls.indices.map { (layer: layer, call: $0) }
    }
    while !waiting.isEmpty {
      var blocked: [(layer: KerasModelConfig.Layer, call: Int)] = []
      for item in waiting where try !run(item.layer, call: item.call) { blocked.append(item) }
      guard blocked.count < waiting.count else {
        let names = blocked.prefix(4).map { "'\($0.layer.name)'" }.joined(separator: ", ")
        throw ImportError(
          .unsupportedLayer, "the layers \(names) wait for each other or for layers that are missing")
      }
      waiting = blocked
    }
    try addOutputs(config)
    return assembler.graph
  }

  /// Runs one call when its inputs are known; tells whether it did.
  private mutating func run(
    _ layer: KerasModelConfig.Layer, call index: Int
  ) throws(ImportError) -> Bool {
    let call = layer.calls[index]
    let inputs = call.inputs.compactMap { values[$0] }
    guard inputs.count == call.inputs.count else { return false }
    let results = try KerasLayerTable.row(layer)(
      &self, KerasLayerCall(layer: layer, inputs: inputs, training: call.training))
    for (tensor, value) in results.enumerated() {
      values[.init(layer: layer.name, call: index, tensor: tensor)] = value
    }
    return true
  }

  private mutating func addInput(
    _ reference: KerasModelConfig.Reference, _ config: KerasModelConfig, _ sizeMultiple: Int
  ) throws(ImportError) {
    guard let layer = config.layers.first(where: { $0.name == reference.layer }),
      let shape = (layer.config["batch_input_shape"] ?? layer.config["batch_shape"])?.array,
      shape.count == 4, let channels = shape[3].integer, (1...65_536).contains(channels)
    else {
      throw ImportError(
        .unsupportedLayer, "input layer '\(reference.layer)' is not a picture with known channels")
    }
    let size = ["H", "W"].map { Dimension.symbol(Symbol($0, multiple: sizeMultiple)) }
    let type = ValueType(
      .float32, [.symbol(Symbol("N"))] + size + [.fixed(channels)], layout: .nhwc)
    let role = config.role(of: reference)
    let input = assembler.addInput(
      role ?? layer.name, type, aliases: role == nil || role == layer.name ? [] : [layer.name])
    values[reference] = try assembler.apply(ChangeLayout(to: .nchw), input, label: "")
  }

  private mutating func addOutputs(_ config: KerasModelConfig) throws(ImportError) {
    for (index, reference) in config.outputs.enumerated() {
      guard let value = values[reference] else {
        throw ImportError(
          .unsupportedLayer, "the output comes from layer '\(reference.layer)', which is not there")
      }
      let isMask = reference.tensor == 1 && config.isPartialConvolution(reference.layer)
      assembler.addOutput(
        index == 0 ? "output" : isMask ? "output_mask" : reference.layer,
        try assembler.apply(ChangeLayout(to: .nhwc), value, label: ""))
    }
  }

  mutating func countBatchStatistics() { batchStatisticsCount += 1 }

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

  /// `image` or `mask` for the inputs of partial convolutions, by the place they are given in.
  fileprivate func role(of input: Reference) -> String? {
    for call in layers.filter(\.isPartialConvolution).flatMap(\.calls) {
      if call.inputs[0] == input { return "image" }
      if call.inputs[1] == input { return "mask" }
    }
    return nil
  }
}
