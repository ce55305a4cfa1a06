import GraphIR

/// The import of a whole Keras model: its config gives the layers, a description the arithmetic of
/// its partial convolutions.
struct KerasModelImport {
  let config: KerasModelConfig
  let store: WeightStore
  let traits: CheckpointTraits
  let request: ImportRequest
  let catalogue: NetworkCatalogue
  let format: String
  var notes: [String]

  func run() throws(ImportError) -> ImportedModel {
    guard let wrapped = try config.unwrapped() else { return try run(config, path: "") }
    var inner = self
    inner.notes.append("the model '\(wrapped.name)' was taken out of its multi_gpu_model wrapper")
    return try inner.run(wrapped.config, path: wrapped.name + "/")
  }

  private func run(
    _ config: KerasModelConfig, path: String
  ) throws(ImportError) -> ImportedModel {
    var choice: NetworkCatalogue.Choice?
    if config.hasPartialConvolutions || request.network != nil {
      choice = try catalogue.choose(traits, request: request.network)
    }
    var scope = Scope()
    if let description = choice?.description {
      scope = try description.scope(store, request.settings)
    } else if let unknown = request.settings.keys.min() {
      throw ImportError(.unknownOption, "--set \(unknown): the file's own config has no options")
    }
    let dialect = try choice?.description.partialConvolution.dialect(nil, scope)
    var batchStatisticsCount = 0
    let graph = try withSmallestSizeMultiple { multiple throws(ImportError) in
      var builder = KerasGraphBuilder(
        store, choice?.description, dialect, request.batchNorm, path: path)
      let graph = try builder.build(config, sizeMultiple: multiple)
      batchStatisticsCount = builder.batchStatisticsCount
      return graph
    }
    let origin = request.batchNorm == nil ? "as in the file" : "asked for"
    let statistics =
      batchStatisticsCount == 0 ? "moving" : "batch in \(batchStatisticsCount) layers"
    return ImportedModel(
      graph: graph, network: choice?.description.name ?? "keras-model",
      title: choice?.description.title ?? "Keras model '\(config.name)'",
      reason: choice?.reason ?? "built from the file's own model_config",
      options: scope.words.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        + [("batch-norm", "\(statistics), \(origin)")],
      notes: notes + store.unusedNotes(ignoring: choice?.description.ignored ?? []),
      processing: choice?.description.picture, sourceFormat: format, tensors: store.tensors,
      description: (choice?.description).map(PublishedNetwork.init))
  }
}
