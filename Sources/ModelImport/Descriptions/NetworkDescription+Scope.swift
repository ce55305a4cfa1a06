extension NetworkDescription {
  /// The options and variables in force: defaults, what the checkpoint shows, then `--set`.
  ///
  /// - Throws: `ImportError.unknownOption` and `.badOption` listing what may be set.
  func scope(
    _ store: WeightStore, _ settings: [String: String]
  ) throws(ImportError) -> Scope {
    var scope = Scope()
    for (name, option) in options ?? [:] {
      let value = settings[name] ?? option.value(shownBy: store) ?? option.default
      if let values = option.values, !values.contains(value) {
        throw ImportError(
          .badOption,
          "--set \(name)=\(value): \(self.name) knows \(values.joined(separator: ", "))")
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

extension NetworkDescription.Option {
  /// The value that the checkpoint's tensor names give away; nil when they show none.
  fileprivate func value(shownBy store: WeightStore) -> String? {
    (shownBy ?? [:]).sorted { $0.key < $1.key }
      .first { _, pattern in store.keys.contains { $0.matches(pattern) } }?.key
  }
}

extension NetworkDescription.Variable {
  fileprivate func value(_ store: WeightStore, _ scope: Scope) throws(ImportError) -> Int {
    if let count {
      return try layerCount(count, store, scope)
    }
    if let last {
      var result = -1
      for index in 0..<1_000 where store.shape(try scope.expand(last, i: index)) != nil {
        result = index
      }
      return result
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

  /// How many layers of the series `template` there are and, by their counters, were trained.
  private func layerCount(
    _ template: String, _ store: WeightStore, _ scope: Scope
  ) throws(ImportError) -> Int {
    let first = from ?? 0
    guard (0...10_000).contains(first) else {
      throw ImportError(.badDescription, "the variable '\(name)' counts from \(first)")
    }
    var end = first
    while store.shape(try scope.expand(template, i: end)) != nil {
      guard end - first < store.keys.count else {
        throw ImportError(
          .badDescription, "the variable '\(name)' counts without end: '\(template)' needs {i}")
      }
      end += 1
    }
    guard let trained else { return end - first }
    var counters: [Int?] = []
    for index in first..<end {
      counters.append(try store.integer(try scope.expand(trained, i: index)))
    }
    guard counters.contains(where: { ($0 ?? 0) > 0 }) else { return end - first }
    return counters.firstIndex(of: 0) ?? counters.count
  }
}
