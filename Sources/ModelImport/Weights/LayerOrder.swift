/// How the layers of a checkpoint are matched with those of a network description.
enum LayerOrder {
  /// By name.
  case byName
  /// In order, as Keras loads weights: the layers with weights as the file lists them.
  case sequence(ArraySlice<String>)
  /// By name where one fits, else in order among layers of the same kind: for files that keep an
  /// order within each kind only.
  case byKind([String: [String]])

  /// Removes and gives the next layer for `label`; nil when none is left.
  mutating func take(_ label: String, kind: String) -> String? {
    switch self {
    case .byName: return label
    case .sequence(var layers):
      let next = layers.popFirst()
      self = .sequence(layers)
      return next
    case .byKind(var kinds):
      let kind = kinds[kind]?.isEmpty == false ? kind : "convolution"
      guard let layers = kinds[kind], !layers.isEmpty else { return nil }
      let index =
        layers.firstIndex(of: label)
        ?? layers.firstIndex { $0.withoutSessionNumber == label }
        ?? layers.firstIndex { $0.model == label.model }
      guard let index else { return nil }
      let next = kinds[kind]?.remove(at: index)
      self = .byKind(kinds)
      return next
    }
  }
}

extension String {
  /// The path of the nested model that the layer is part of.
  fileprivate var model: Substring { self[..<(lastIndex(of: "/") ?? startIndex)] }

  /// `EncBN1` of `EncBN1_3`, which is what Keras calls the layer's third copy in one session.
  var withoutSessionNumber: String {
    guard let mark = lastIndex(of: "_"), self[index(after: mark)...].allSatisfy(\.isNumber) else {
      return self
    }
    return String(self[..<mark])
  }
}
