import OrderedCollections

extension KerasCheckpoint {
  /// Finds the layers of a `.weights.h5` file: `layers/<class>[_N]/vars/0, 1, …`.
  ///
  /// Groups are called by class, in snake case, and numbered per class in the model's order; `vars`
  /// carries the layer's own name in newer files. Layers of nested models are named by their path.
  /// - Source: Keras 3.15 saving/saving_lib.py `_save_state`, `_save_container_state`.
  static func numberedLayers(
    in container: HDF5Group, path: String = "", groupPath: String = "", depth: Int = 0
  ) throws(CheckpointError) -> [KerasLayerWeights] {
    guard depth < 32 else {
      throw CheckpointError(.limitExceeded, "nests models more than 32 deep", subject: path)
    }
    let groups = container.groups.map { (place: ClassPlace($0.key), group: $0.value) }
      .sorted { ($0.place.className, $0.place.number) < ($1.place.className, $1.place.number) }
    var layers: [KerasLayerWeights] = []
    for (place, group) in groups {
      let variables = group.groups["vars"]
      let ownName = variables?.attributes["name"]?.text
      let name = path + (ownName ?? place.text)
      if let inner = group.groups["layers"] {
        layers += try numberedLayers(
          in: inner, path: name + "/", groupPath: groupPath + place.text + "/", depth: depth + 1)
      }
      guard let variables, !variables.datasets.isEmpty else { continue }
      let weights = variables.datasets.map { (name: $0.key, tensor: $0.value) }
        .sorted { (Int($0.name) ?? .max, $0.name) < (Int($1.name) ?? .max, $1.name) }
      layers.append(
        KerasLayerWeights(
          name: name, weights: weights, className: place.className,
          groupPath: ownName == nil ? groupPath + place.text : nil))
    }
    return layers
  }

  /// The class and number in a group's name: `p_conv2d_12` is number 12 of `p_conv2d`.
  private struct ClassPlace {
    let text: String
    let className: String
    let number: Int

    init(_ text: String) {
      self.text = text
      let parts = text.split(separator: "_")
      if parts.count > 1, let last = parts.last, let number = Int(last) {
        className = parts.dropLast().joined(separator: "_")
        self.number = number
      } else {
        className = text
        number = 0
      }
    }
  }
}
