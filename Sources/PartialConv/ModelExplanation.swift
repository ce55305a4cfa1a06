import GraphIR
public import ModelImport

/// What a checkpoint was recognised as, and what would be made of it.
public struct ModelExplanation: Sendable {
  public let network: String
  public let title: String
  /// Why this network was chosen.
  public let reason: String
  public let sourceFormat: String
  public let options: [(key: String, value: String)]
  public let notes: [String]
  /// Every tensor of the checkpoint, and whether the network uses it.
  public let tensors: [ImportedTensor]
  /// Inputs and outputs with their types, such as `image: f32[N,3,H,W]`.
  public let inputs: [String]
  public let outputs: [String]
  public let processing: PictureProcessing?
  /// The network's description, with the options it has; nil for a model built from its own config.
  public let description: PublishedNetwork?

  /// Recognises the checkpoint at `input` and builds its graph, but writes nothing.
  public init(
    of input: String, _ request: ImportRequest
  ) throws(PartialConvError) {
    let model = try reporting { () throws(ImportError) in
      try ImporterRegistry.importModel(input, request)
    }
    network = model.network
    title = model.title
    reason = model.reason
    sourceFormat = model.sourceFormat
    options = model.options
    notes = model.notes
    tensors = model.tensors
    processing = model.processing
    description = model.description
    inputs = model.graph.graph.inputs.map { "\($0.name): \($0.type)" }
    outputs = model.graph.graph.outputs.map { "\($0.name): \(model.graph.type(of: $0.value))" }
  }

  /// The explanation for people.
  public var text: String {
    var lines = [
      "\(title) (\(network)), from \(sourceFormat)", "recognised: \(reason)",
      "inputs: \(inputs.joined(separator: ", "))", "outputs: \(outputs.joined(separator: ", "))",
      "pictures: \(processing?.text ?? "not taken; give arrays with --input")",
    ]
    lines += options.map { "option \($0.key): \($0.value)" }
    lines += (description?.options ?? []).map { option in
      "  --set \(option.name)=\(option.values?.joined(separator: "|") ?? "…")"
        + " (default \(option.default)): \(option.about)"
    }
    lines += notes
    let used = tensors.count(where: \.isUsed)
    lines.append("tensors: \(used) of \(tensors.count) used")
    lines += tensors.map { "  \($0.isUsed ? "used  " : "unused") \($0.name) \($0.shape)" }
    return lines.joined(separator: "\n")
  }
}

extension PictureProcessing {
  /// What is done to pictures, in words.
  fileprivate var text: String {
    let isPlain = mean.allSatisfy { $0 == 0 } && deviation.allSatisfy { $0 == 1 }
    let sizes = [
      resize.map { "shorter side brought to \($0), bilinear" },
      crop.map { "\($0)x\($0) cut out of the middle" },
    ].compactMap(\.self)
    let input =
      isPlain ? "RGB in 0...1" : "RGB in 0...1, less mean \(mean), over deviation \(deviation)"
    guard sizes.isEmpty else { return (sizes + [input]).joined(separator: "; ") }
    return [
      input,
      feedsMaskedPicture ? "missing pixels fed as 0" : "fed whole",
      outputIsNormalised ? "output taken back from the normalised space" : "output in 0...1",
    ].joined(separator: "; ")
  }
}
