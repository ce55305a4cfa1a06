import GraphIR

/// The import of a whole Keras model: its config gives the layers, a description the arithmetic of
/// its partial convolutions.
struct KerasModelImport {
  let config: String
  let store: WeightStore
  let traits: CheckpointTraits
  let request: ImportRequest
  let catalogue: NetworkCatalogue
  let format: String
  let notes: [String]

  func run() throws(ImportError) -> ImportedModel {
    let config = try KerasModelConfig(config)
    var choice: NetworkCatalogue.Choice?
    if config.layers.contains(where: \.isPartialConvolution) || request.network != nil {
      choice = try catalogue.choose(traits, request: request.network)
    }
    _ = try choice?.description.scope(store, request.settings)
    var batchStatisticsCount = 0
    let graph = try withSmallestSizeMultiple { multiple throws(ImportError) in
      var builder = KerasGraphBuilder(
        config, store, choice?.description, request.batchNorm)
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
      options: [("batch-norm", "\(statistics), \(origin)")],
      notes: notes + store.unusedNotes(ignoring: choice?.description.ignored ?? []),
      processing: choice?.description.picture, sourceFormat: format)
  }
}
