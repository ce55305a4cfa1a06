package import OrderedCollections

/// A set of named tensors found in a checkpoint.
package struct TorchStateDictionary: Sendable {
  /// Dictionary keys that lead to it from the root.
  package let path: [String]
  /// Tensors by dotted name, in the file's order.
  package let tensors: OrderedDictionary<String, StoredTensor>
  /// Names of the values that are no tensors.
  package let otherNames: [String]
  /// Whether the tensors were taken from a saved object instead of a state dictionary.
  package let isFromObject: Bool
}

extension TorchCheckpoint {
  /// Every dictionary whose values are mostly tensors and that has a dotted name, and the tensors of
  /// every whole module saved, in the file's order; the caller chooses.
  package func stateDictionaries() -> [TorchStateDictionary] {
    var search = StateDictionarySearch()
    search.visit(root, [])
    return search.found
  }
}

extension TorchValue {
  /// The tensors of a saved module by dotted name, read without running its class; nil for values
  /// that are no module.
  ///
  /// Parameters, then persistent buffers, then sub-modules, as `state_dict()` lists them. A
  /// TorchScript object holds its tensors and sub-objects as plain attributes.
  package var stateDictionary: OrderedDictionary<String, StoredTensor>? {
    guard isModule else { return nil }
    var tensors: OrderedDictionary<String, StoredTensor> = [:]
    var visits = 0
    addTensors(to: &tensors, prefix: "", visits: &visits)
    return tensors
  }

  fileprivate var isModule: Bool {
    guard let object, let state = object.state else { return false }
    return state["_modules"] != nil && state["_parameters"] != nil || isScript
  }

  private var isScript: Bool { object?.className.hasPrefix("__torch__.") ?? false }

  private func addTensors(
    to tensors: inout OrderedDictionary<String, StoredTensor>, prefix: String,
    visits: inout Int
  ) {
    // A module that is reached twice has its tensors under both names, as in PyTorch, so that a file
    // could make this walk exponential.
    visits += 1 + (object?.state?["_parameters"]?.count ?? 0)
    visits += object?.state?["_buffers"]?.count ?? 0
    guard visits < 100_000, prefix.utf8.count < 4096, let state = object?.state else { return }
    if isScript {
      for (name, value) in state.dictionary ?? [:] {
        tensors[prefix + name] = value.tensor
        value.addTensors(to: &tensors, prefix: prefix + name + ".", visits: &visits)
      }
      return
    }
    let transient = Set(
      (state["_non_persistent_buffers_set"]?.list ?? []).compactMap(\.string))
    for (name, value) in state["_parameters"]?.dictionary ?? [:] {
      tensors[prefix + name] = value.tensor
    }
    for (name, value) in state["_buffers"]?.dictionary ?? [:] where !transient.contains(name) {
      tensors[prefix + name] = value.tensor
    }
    for (name, value) in state["_modules"]?.dictionary ?? [:] {
      value.addTensors(to: &tensors, prefix: prefix + name + ".", visits: &visits)
    }
  }
}

/// Visits every value once, in order.
private struct StateDictionarySearch {
  var found: [TorchStateDictionary] = []
  private var seen: Set<PickleID> = []

  init() {}

  mutating func visit(_ value: TorchValue, _ path: [String]) {
    guard seen.insert(value.id).inserted else { return }
    if let tensors = value.stateDictionary {
      found.append(
        TorchStateDictionary(path: path, tensors: tensors, otherNames: [], isFromObject: true))
    } else if let dictionary = value.dictionary {
      visit(dictionary, path)
    } else if let list = value.list {
      for (position, child) in list.enumerated() { visit(child, path + ["\(position)"]) }
    }
  }

  private mutating func visit(
    _ dictionary: OrderedDictionary<String, TorchValue>, _ path: [String]
  ) {
    let tensors = dictionary.compactMapValues(\.tensor)
    if tensors.count * 2 > dictionary.count, tensors.keys.contains(where: { $0.contains(".") }) {
      found.append(
        TorchStateDictionary(
          path: path, tensors: tensors,
          otherNames: dictionary.keys.filter { tensors[$0] == nil }, isFromObject: false))
    } else {
      for (key, child) in dictionary { visit(child, path + [key]) }
    }
  }
}
