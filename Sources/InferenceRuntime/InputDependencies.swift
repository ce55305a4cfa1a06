import GraphIR

/// Which inputs of a graph the values of its nodes follow from.
struct InputDependencies {
  private let graph: Graph
  private let inputs: [ValueID: Set<ValueID>]

  init(_ graph: Graph) {
    self.graph = graph
    var inputs = Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.value, Set([$0.value])) })
    for node in graph.nodes {
      let sources = node.inputs.reduce(into: Set<ValueID>()) { $0.formUnion(inputs[$1] ?? []) }
      for result in node.results { inputs[result] = node.operation is OnesPlane ? [] : sources }
    }
    self.inputs = inputs
  }

  /// The inputs that a value follows from.
  func inputs(of value: ValueID) -> Set<ValueID> { inputs[value] ?? [] }

  /// Whether a value is a constant or follows from the sizes of inputs alone.
  func isFixed(_ value: ValueID) -> Bool { inputs[value]?.isEmpty ?? true }

  /// Whether the results of `node` follow from all inputs, so that no two runs share them.
  func needsAllInputs(_ node: Node) -> Bool {
    inputs[node.results[0]]?.count == graph.inputs.count
  }

  /// The values that stay in memory from run to run.
  func kept(_ retention: Retention) -> Set<ValueID> {
    var kept: Set<ValueID> = []
    if retention == .everything {
      return Set(graph.inputs.map(\.value) + graph.nodes.flatMap(\.results))
    }
    let results = Set(graph.nodes.flatMap(\.results))
    let keep = { (value: ValueID, sources: Set<ValueID>?) in
      guard results.contains(value), let own = inputs[value], own != sources,
        own.isEmpty || retention == .partial && own.count < graph.inputs.count
      else { return }
      kept.insert(value)
    }
    for node in graph.nodes {
      for input in node.inputs { keep(input, inputs[node.results[0]]) }
    }
    for output in graph.outputs { keep(output.value, nil) }
    return kept
  }
}
