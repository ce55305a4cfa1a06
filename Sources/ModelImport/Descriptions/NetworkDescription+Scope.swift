extension NetworkDescription {
  /// The options and variables in force: defaults, what the checkpoint shows, then `--set`.
  ///
  /// - Throws: `ImportError.unknownOption` and `.badOption` listing what may be set.
  func scope(
    _ store: WeightStore, _ settings: [String: String]
  ) throws(ImportError) -> Scope {
    var scope = Scope()
    for (name, option) in options ?? [:] {
      let value = settings[name] ?? option.default
      guard option.values.contains(value) else {
        throw ImportError(
          .badOption,
          "--set \(name)=\(value): \(self.name) knows \(option.values.joined(separator: ", "))")
      }
      scope.words[name] = value
    }
    for variable in variables ?? [] {
      if let text = settings[variable.name] {
        guard let number = Int(text), (0...10_000).contains(number) else {
          throw ImportError(.badOption, "--set \(variable.name)=\(text): a whole number is needed")
        }
        scope.numbers[variable.name] = number
      } else {
        scope.numbers[variable.name] = try variable.value(store, scope)
      }
    }
    let known = Set((options ?? [:]).keys).union((variables ?? []).map(\.name))
    if let unknown = settings.keys.sorted().first(where: { !known.contains($0) }) {
      throw ImportError(
        .unknownOption,
        "--set \(unknown): \(name) has "
          + (known.isEmpty ? "no options" : known.sorted().joined(separator: ", ")))
    }
    return scope
  }
}

extension NetworkDescription.Variable {
  fileprivate func value(_ store: WeightStore, _ scope: Scope) throws(ImportError) -> Int {
    if let count {
      var scope = scope
      let first = from ?? 0
      var index = first
      scope.numbers["i"] = index
      while store.shape(try scope.expand(count)) != nil {
        index += 1
        scope.numbers["i"] = index
      }
      return index - first
    }
    if let dimension {
      let key = try scope.expand(dimension)
      guard let shape = store.shape(key) else {
        throw ImportError(.missingTensor, "the checkpoint has no tensor '\(key)'")
      }
      guard let axis, shape.indices.contains(axis) else {
        throw ImportError(.shapeMismatch, "tensor '\(key)' \(shape) has no axis \(axis ?? -1)")
      }
      return shape[axis]
    }
    if let layersWith {
      return store.keys.count { $0.hasSuffix("/" + layersWith) }
    }
    guard let value else {
      throw ImportError(.badDescription, "the variable '\(name)' says nothing of its value")
    }
    return try scope.value(value)
  }
}
