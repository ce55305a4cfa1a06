public import TensorCore

extension Graph {
  /// Every reader of `old` reads `new` instead.
  public mutating func replaceUses(of old: ValueID, with new: ValueID) {
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { $0 == old ? new : $0 }
    }
    for index in outputs.indices where outputs[index].value == old {
      outputs[index].value = new
    }
  }

  /// Removes the nodes and constants that no output needs. Inputs stay: they are the interface.
  ///
  /// - Returns: how many nodes were removed.
  @discardableResult
  public mutating func removeDeadNodes() -> Int {
    var needed = Set(outputs.map(\.value))
    var kept: [Node] = []
    for node in nodes.reversed() where node.results.contains(where: needed.contains) {
      needed.formUnion(node.inputs)
      kept.append(node)
    }
    let removed = nodes.count - kept.count
    nodes = kept.reversed()
    constants.removeAll { !needed.contains($0.value) }
    return removed
  }

  /// The stored tensor that `value` is; nil for other values.
  public func constantTensor(_ value: ValueID) -> Tensor? {
    constants.first { $0.value == value }?.tensor
  }

  /// The node that makes each value, by position.
  public func producers() -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for value in node.results { result[value] = index }
    }
    return result
  }

  /// How many nodes and outputs read each value.
  public func useCounts() -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for value in nodes.flatMap(\.inputs) + outputs.map(\.value) { result[value, default: 0] += 1 }
    return result
  }
}
