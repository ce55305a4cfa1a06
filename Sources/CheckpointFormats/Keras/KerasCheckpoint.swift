import OrderedCollections
package import TensorCore

/// The weights of one layer, under the names the file gives them.
package struct KerasLayerWeights: Sendable {
  /// The layer's name.
  package let name: String
  /// The weights in the order of `weight_names`; empty for a layer without weights. They are called
  /// `0`, `1`, … in `.weights.h5` files, which keep no names.
  package let weights: [(name: String, tensor: Tensor)]
  /// The layer's class in snake case, such as `p_conv2d`; in `.weights.h5` files only.
  package var className: String?
  /// The group that holds the layer, below those of its models, where the file has no names.
  package var groupPath: String?
}

/// The weights in a Keras `.h5` file, from a weights-only file or a whole model.
///
/// Keras loads by the order of layers, and paths come from `weight_names` alone: the names of
/// groups and weights differ between sessions.
/// - Source: Keras 1 to 3, `saving/hdf5_format.py` and `legacy_h5_format.py`.
package struct KerasCheckpoint: Sendable {
  /// Every layer in file order, those without weights included.
  package let layers: [KerasLayerWeights]
  /// The network as JSON text, in whole models.
  package let modelConfig: String?
  /// Version of Keras that wrote the file; Keras 1 wrote none.
  package let kerasVersion: String?
  /// Backend that Keras ran on, such as `tensorflow`.
  package let backend: String?
  /// Whether the file holds a network beside its weights.
  package let isWholeModel: Bool
  /// Whether `layers` follows the model. False for `.weights.h5` files, which list layers by class,
  /// in the model's order within each.
  package let isOrdered: Bool
  /// Paths of datasets that belong to no layer, so that they can be reported; the optimiser's state
  /// is not among them.
  package let unreadDatasets: [String]

  /// Reads the file at `path`.
  ///
  /// - Parameter executable: see `HDF5File.read`.
  /// - Throws: what `HDF5File.read` throws; `notThisFormat` for an HDF5 file of another program;
  ///   `unsupported` for Keras 0 and for the Theano backend, whose kernels are mirrored; `missing`
  ///   when a named weight or an archive's part is absent; `corrupt` for bad names.
  package static func read(
    _ path: String, executable: String? = nil
  ) throws(CheckpointError) -> KerasCheckpoint {
    let file = try FileBytes(path: path)
    do throws(CheckpointError) {
      guard try FileKind(file) != .hdf5 else {
        return try KerasCheckpoint(tree(file, executable))
      }
      let archive = try ZipArchive(file)
      let config = try archive.bytes(of: archive.entry("config.json"), limit: 64 << 20)
      let weights = try archive.bytes(
        of: archive.entry("model.weights.h5"), limit: HDF5Limits.fileBytes)
      return try KerasCheckpoint(
        tree(FileBytes(weights, name: path), executable),
        archivedConfig: String(decoding: config, as: UTF8.self))
    } catch {
      throw CheckpointError(
        error.code, error.message, file: path, subject: error.subject, remedy: error.remedy)
    }
  }

  private static func tree(
    _ file: FileBytes, _ executable: String?
  ) throws(CheckpointError) -> HDF5Group {
    try HDF5File.read(
      file, skippingGroups: ["optimizer_weights", "optimizer"], executable: executable
    ).root
  }

  /// Finds the layers below the root of an HDF5 file.
  ///
  /// - Parameter archivedConfig: the network of a `.keras` archive, whose weights the file holds.
  package init(
    _ root: HDF5Group, archivedConfig: String? = nil
  ) throws(CheckpointError) {
    if let container = root.groups["layers"] ?? root.groups["_layer_checkpoint_dependencies"],
      root.attributes["layer_names"] == nil
    {
      layers = try Self.numberedLayers(in: container)
      modelConfig = archivedConfig
      kerasVersion = nil
      backend = nil
      isWholeModel = archivedConfig != nil
      isOrdered = false
      unreadDatasets = (root.groups["vars"]?.datasetPaths ?? []).map { "vars/\($0)" }
      return
    }
    isOrdered = true
    let prefix = root.groups["model_weights"] == nil ? "" : "model_weights/"
    let container = root.groups["model_weights"] ?? root
    isWholeModel = !prefix.isEmpty
    modelConfig = archivedConfig ?? root.attributes["model_config"]?.text
    kerasVersion = (container.attributes["keras_version"] ?? root.attributes["keras_version"])?.text
    backend = (container.attributes["backend"] ?? root.attributes["backend"])?.text
    guard let layerNames = try container.names("layer_names") else {
      throw Self.notKeras(container)
    }
    guard backend != "theano" else {
      throw CheckpointError(
        .unsupported, "was saved with Keras on Theano, which mirrors convolution kernels",
        remedy: "load it with Keras on TensorFlow and save it again")
    }
    (layers, unreadDatasets) = try Self.namedLayers(
      layerNames, in: container, datasets: Set(root.datasetPaths), prefix: prefix)
  }

  private static func namedLayers(
    _ names: [String], in container: HDF5Group, datasets: Set<String>, prefix: String
  ) throws(CheckpointError) -> ([KerasLayerWeights], unread: [String]) {
    var layers: [KerasLayerWeights] = []
    var unread = datasets
    for name in names {
      let layer = try layer(name, in: container)
      for weight in layer.weights
      where unread.remove("\(prefix)\(name)/\(weight.name)") == nil {
        throw CheckpointError(.corrupt, "names a weight twice", subject: "\(name)/\(weight.name)")
      }
      layers.append(layer)
    }
    return (layers, unread.sorted())
  }

  private static func layer(
    _ name: String, in container: HDF5Group
  ) throws(CheckpointError) -> KerasLayerWeights {
    guard let group = container.groups[name] else {
      throw CheckpointError(.missing, "has no group for one of its layers", subject: name)
    }
    var weights: [(name: String, tensor: Tensor)] = []
    for weight in try group.names("weight_names") ?? [] {
      weights.append((weight, try group.dataset(at: weight)))
    }
    return KerasLayerWeights(name: name, weights: weights)
  }

  private static func notKeras(_ container: HDF5Group) -> CheckpointError {
    if container.attributes["nb_layers"] != nil {
      return CheckpointError(
        .unsupported, "was saved by Keras 0, which did not name weights",
        remedy: "load it with Keras 2 and save it again")
    }
    return CheckpointError(
      .notThisFormat, "is an HDF5 file, but not one of Keras (it has no `layer_names`)")
  }
}

extension HDF5Attribute {
  /// The value of a single string.
  var text: String? {
    switch self {
    case .string(let text): text
    case .strings(let texts) where texts.count == 1: texts[0]
    default: nil
    }
  }
}

extension HDF5Group {
  /// A list of names, which Keras splits into `name0`, `name1`, … above 64 KB; `nil` without one.
  ///
  /// - Throws: `corrupt` when the attribute holds anything but text.
  fileprivate func names(_ name: String) throws(CheckpointError) -> [String]? {
    if let whole = attributes[name] { return try Self.names(whole, name) }
    guard attributes["\(name)0"] != nil else { return nil }
    var all: [String] = []
    var index = 0
    while let part = attributes["\(name)\(index)"] {
      all += try Self.names(part, "\(name)\(index)")
      index += 1
    }
    return all
  }

  private static func names(
    _ attribute: HDF5Attribute, _ name: String
  ) throws(CheckpointError) -> [String] {
    switch attribute {
    case .empty: return []
    case .strings(let names): return names
    default:
      throw CheckpointError(
        .corrupt, "holds an attribute that is not a list of names", subject: name)
    }
  }
}
