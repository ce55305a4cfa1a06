extension KerasModelConfig {
  /// The model inside the wrapper that `multi_gpu_model` puts around it, and the wrapper's name for
  /// it; nil when this is no such wrapper.
  ///
  /// The wrapper slices the batch in `Lambda` layers, calls its one model on each slice and joins
  /// the results, which is what the model does with the whole batch.
  func unwrapped() throws(ImportError) -> (config: KerasModelConfig, name: String)? {
    let models = layers.filter(\.isModel)
    let others = Set(layers.filter { !$0.isModel }.map(\.className))
    guard models.count == 1, let model = models.first, others.contains("Lambda"),
      others.isSubset(of: ["InputLayer", "Lambda", "Concatenate"])
    else { return nil }
    return (try KerasModelConfig(of: model), model.name)
  }

  /// Whether a layer here, or in a model nested in a layer, has one of the classes.
  func contains(classes: Set<String>) -> Bool {
    layers.contains { layer in
      classes.contains(layer.className)
        || layer.isModel && (try? KerasModelConfig(of: layer))?.contains(classes: classes) == true
    }
  }

  /// The layer behind each group of a `.weights.h5` file: groups are called by class in snake case
  /// and numbered from the second of a class on, `conv2d`, `conv2d_1`, …; nested models by path.
  ///
  /// - Source: Keras 3.15 saving/saving_lib.py `_save_container_state`.
  func layerOfGroup() -> [String: String] {
    var counts: [String: Int] = [:]
    var result: [String: String] = [:]
    for layer in layers {
      let className = layer.className.snakeCased
      let count = counts[className, default: 0]
      counts[className] = count + 1
      let group = count == 0 ? className : "\(className)_\(count)"
      result[group] = layer.name
      if layer.isModel, let inner = try? KerasModelConfig(of: layer) {
        for (innerGroup, name) in inner.layerOfGroup() {
          result["\(group)/\(innerGroup)"] = "\(layer.name)/\(name)"
        }
      }
    }
    return result
  }
}

extension String {
  /// `leaky_re_lu` for `LeakyReLU`, as Keras makes names of classes.
  ///
  /// - Source: Keras 3.15 utils/naming.py `to_snake_case`.
  fileprivate var snakeCased: String {
    filter { $0.isLetter || $0.isNumber || $0 == "_" }
      .replacing(/(.)([A-Z][a-z]+)/) { "\($0.output.1)_\($0.output.2)" }
      .replacing(/([a-z])([A-Z])/) { "\($0.output.1)_\($0.output.2)" }
      .lowercased()
  }
}
