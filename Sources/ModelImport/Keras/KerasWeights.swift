import CheckpointFormats
import OrderedCollections
import TensorCore

/// The weights of a Keras file under names that are the same for every age of Keras:
/// `<layer>/<array>`, with the path of nested models before the layer.
struct KerasWeights {
  private(set) var entries: OrderedDictionary<String, WeightStore.Entry> = [:]
  /// The kinds of layers, each in the file's order.
  private var kinds: [String: [String]] = [:]
  private var layersInOrder: [String] = []
  private let isOrdered: Bool
  /// Whether some arrays came from a model nested in a layer.
  private(set) var hasNestedModels = false
  /// Layers that are models themselves, where the file tells.
  private let nestedModels: Set<String>

  /// Gathers the weights of a file.
  ///
  /// - Throws: `ImportError.unsupportedLayer` when two arrays get the same name.
  init(_ checkpoint: KerasCheckpoint, _ config: KerasModelConfig?) throws(ImportError) {
    isOrdered = checkpoint.isOrdered
    nestedModels = Set((config?.layers ?? []).filter(\.isModel).map(\.name))
    let layerOfGroup = config?.layerOfGroup() ?? [:]
    let layers = checkpoint.layers.filter { !$0.weights.isEmpty }
    for layer in layers {
      if let className = layer.className {
        let name = layer.groupPath.flatMap { layerOfGroup[$0] } ?? layer.name
        let roles = Self.roles(layer.weights.map(\.tensor.shape), className: className)
        try add(name, zip(roles, layer.weights.map(\.tensor)).map { ($0, $1) })
      } else {
        try addNamed(layer, isWrapper: config == nil && layers.count == 1)
      }
    }
  }

  /// Hands the tensors over, so that a conversion holds them once.
  mutating func takeEntries() -> OrderedDictionary<String, WeightStore.Entry> {
    let taken = entries
    entries = [:]
    return taken
  }

  /// The names that networks are recognised by: those of nested models also without the path and
  /// without the number that a session gave the layer.
  var recognitionKeys: [String] {
    let keys = Array(entries.keys)
    guard hasNestedModels else { return keys }
    let short = keys.map { $0.split(separator: "/").suffix(2).map(String.init) }
    return keys + short.map { $0.joined(separator: "/") }
      + short.map { "\($0[0].withoutSessionNumber)/\($0[$0.count - 1])" }
  }

  /// How the layers of a description are found among these.
  var descriptionOrder: LayerOrder {
    isOrdered && !hasNestedModels ? .sequence(layersInOrder[...]) : .byKind(kinds)
  }

  /// How the layers of the file's own config are found: those of nested models have names that
  /// depend on the session.
  var configOrder: LayerOrder { hasNestedModels ? .byKind(kinds) : .byName }

  /// Adds a layer of the formats that name arrays. Several stems of names, such as those of a model
  /// wrapped for several GPUs, mean a nested model: all its trainable arrays come first, then the
  /// others, so arrays are gathered by stem. A wrapper's name is left out.
  private mutating func addNamed(
    _ layer: KerasLayerWeights, isWrapper: Bool
  ) throws(ImportError) {
    var stems: OrderedDictionary<String, [(String, Tensor)]> = [:]
    for (name, tensor) in layer.weights {
      stems[name.weightStem, default: []].append((name.weightRole, tensor))
    }
    guard stems.count > 1 || nestedModels.contains(layer.name) else {
      try add(layer.name, stems.values.first ?? [])
      return
    }
    hasNestedModels = true
    for (stem, arrays) in stems {
      let own = stem.hasPrefix(layer.name + "/") ? stem.dropFirst(layer.name.count + 1) : stem[...]
      try add(isWrapper ? String(own) : "\(layer.name)/\(own)", arrays)
    }
  }

  private mutating func add(
    _ layer: String, _ arrays: [(role: String, tensor: Tensor)]
  ) throws(ImportError) {
    for (role, tensor) in arrays {
      let key = "\(layer)/\(role)"
      guard entries[key] == nil else {
        throw ImportError(
          .unsupportedLayer, "the file holds several weights '\(key)'; save the inner model alone")
      }
      entries[key] = WeightStore.Entry(
        shape: tensor.shape, elementType: tensor.elementType
      ) { () throws(CheckpointError) in tensor }
    }
    layersInOrder.append(layer)
    kinds[Self.kind(arrays), default: []].append(layer)
  }

  /// The kind of layer that holds these arrays.
  private static func kind(_ arrays: [(role: String, tensor: Tensor)]) -> String {
    if arrays.contains(where: { $0.role == "moving_mean" }) { return "batch_norm" }
    if arrays.contains(where: { ["img_kernel", "sf_kernel"].contains($0.role) }) {
      return "partial_convolution"
    }
    return arrays.first?.tensor.shape.count == 2 ? "dense" : "convolution"
  }
}

extension KerasWeights {
  /// What numbered arrays are called, by their shapes and the layer's class in snake case.
  ///
  /// The kernel of a custom layer is an `img_kernel`, as published partial convolutions call it,
  /// and a second one of its shape the mask's.
  fileprivate static func roles(_ shapes: [[Int]], className: String) -> [String] {
    if className == "batch_normalization" {
      let statistics = ["moving_mean", "moving_variance"]
      return (shapes.count == 4 ? ["gamma", "beta"] : shapes.dropFirst(2).map { _ in "affine" })
        + statistics
    }
    var kernels = ["img_kernel", "Variable"]
    switch className {
    case "conv2d", "dense", "conv2d_transpose": kernels = ["kernel"]
    case "depthwise_conv2d": kernels = ["depthwise_kernel"]
    case "separable_conv2d": kernels = ["depthwise_kernel", "pointwise_kernel"]
    default: break
    }
    var next = kernels[...]
    return shapes.enumerated().map { index, shape in
      shape.count > 1 ? next.popFirst() ?? "\(index)" : index > 0 ? "bias" : "\(index)"
    }
  }
}

extension String {
  /// `img_kernel` of `p_conv2d_1/img_kernel:0`: what a weight is, without session-dependent parts.
  fileprivate var weightRole: String {
    let last = split(separator: "/").last.map(String.init) ?? self
    return last.split(separator: ":").first.map(String.init) ?? last
  }

  /// `p_conv2d_1` of `p_conv2d_1/img_kernel:0`.
  fileprivate var weightStem: String {
    split(separator: "/").dropLast().joined(separator: "/")
  }
}
