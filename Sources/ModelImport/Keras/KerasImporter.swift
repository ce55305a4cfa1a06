import CheckpointFormats

/// Keras HDF5 files and `.keras` archives: weights alone by a network description, whole models by
/// their own config.
enum KerasImporter: CheckpointImporter {
  static let formatName = "Keras"

  static func recognises(_ kind: FileKind) -> Bool { kind == .hdf5 || kind == .kerasArchive }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    var (weights, config, facts) = try read(path)
    let traits = CheckpointTraits(
      framework: .keras, keys: weights.recognitionKeys, arch: nil)
    let order = config == nil ? weights.descriptionOrder : weights.configOrder
    let store = WeightStore(weights.takeEntries(), convention: .keras, order: order)
    guard let config else {
      return try store.importModel(
        traits, request, catalogue, format: facts.format, notes: facts.notes)
    }
    return try KerasModelImport(
      config: config, store: store, traits: traits, request: request, catalogue: catalogue,
      format: facts.format, notes: facts.notes
    ).run()
  }

  private typealias Facts = (format: String, notes: [String])

  /// Reads the file; its tensors then belong to the weights alone.
  private static func read(
    _ path: String
  ) throws(ImportError) -> (KerasWeights, config: KerasModelConfig?, Facts) {
    let checkpoint: KerasCheckpoint
    do throws(CheckpointError) {
      checkpoint = try KerasCheckpoint.read(path)
    } catch {
      throw ImportError(error)
    }
    var config: KerasModelConfig?
    if let text = checkpoint.modelConfig { config = try KerasModelConfig(text) }
    let weights = try KerasWeights(checkpoint, config)
    let version = checkpoint.kerasVersion.map { " \($0)" } ?? (checkpoint.isOrdered ? "" : " 3")
    let kind = checkpoint.isWholeModel ? "whole model" : "weights"
    var notes: [String] = []
    if !checkpoint.unreadDatasets.isEmpty {
      notes.append(
        "warning: \(checkpoint.unreadDatasets.count) datasets belong to no layer: "
          + checkpoint.unreadDatasets.prefix(3).joined(separator: ", "))
    }
    return (weights, config, ("Keras\(version) HDF5, \(kind)", notes))
  }
}
