import CheckpointFormats
import OrderedCollections
import TensorCore

/// Keras HDF5: weights-only files by a network description, whole models by their own config.
enum KerasImporter: CheckpointImporter {
  static let formatName = "Keras HDF5"

  static func recognises(_ kind: FileKind) -> Bool { kind == .hdf5 }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    let (store, config, facts) = try read(path)
    let traits = CheckpointTraits(framework: .keras, keys: store.keys, arch: nil)
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

  /// Reads the file; its tensors then belong to the store alone.
  private static func read(
    _ path: String
  ) throws(ImportError) -> (WeightStore, config: String?, Facts) {
    let checkpoint: KerasCheckpoint
    do throws(CheckpointError) {
      checkpoint = try KerasCheckpoint.read(path)
    } catch {
      throw ImportError(error)
    }
    var entries: OrderedDictionary<String, WeightStore.Entry> = [:]
    var order: [String] = []
    for layer in checkpoint.layers where !layer.weights.isEmpty {
      order.append(layer.name)
      for (name, tensor) in layer.weights {
        let key = "\(layer.name)/\(name.weightRole)"
        guard entries[key] == nil else {
          throw ImportError(
            .unsupportedLayer,
            "layer '\(layer.name)' holds several weights called '\(name.weightRole)': a network "
              + "nested in a layer is not read yet; save the inner model alone")
        }
        entries[key] = WeightStore.Entry(
          shape: tensor.shape, elementType: tensor.elementType
        ) { () throws(CheckpointError) in tensor }
      }
    }
    let version = checkpoint.kerasVersion.map { " \($0)" } ?? ""
    let kind = checkpoint.isWholeModel ? "whole model" : "weights"
    var notes: [String] = []
    if !checkpoint.unreadDatasets.isEmpty {
      notes.append(
        "warning: \(checkpoint.unreadDatasets.count) datasets belong to no layer: "
          + checkpoint.unreadDatasets.prefix(3).joined(separator: ", "))
    }
    return (
      WeightStore(
        entries, convention: .keras,
        layersInOrder: checkpoint.modelConfig == nil ? order : nil),
      checkpoint.modelConfig, ("Keras\(version) HDF5, \(kind)", notes)
    )
  }
}

extension String {
  /// `img_kernel` of `p_conv2d_1/img_kernel:0`: what a weight is, without session-dependent parts.
  fileprivate var weightRole: String {
    let last = split(separator: "/").last.map(String.init) ?? self
    return last.split(separator: ":").first.map(String.init) ?? last
  }
}
