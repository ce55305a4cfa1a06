package import GraphIR
package import TensorCore

/// Values inside a graph, made outputs so that any runner shows them.
package struct LayerTrace: Sendable {
  /// One value and the layer whose result it is.
  package struct Point: Sendable {
    /// The layer's name, unique in the graph.
    package let name: String
    package let value: ValueID
    package let layout: Layout
  }

  package let points: [Point]
  package let graph: VerifiedGraph

  /// The results of all labelled layers, in the graph's order: of each label the last node's.
  package init(layersOf graph: VerifiedGraph) throws(CheckError) {
    var last: [String: Int] = [:]
    let pictures = graph.pictureValues
    for (index, node) in graph.graph.nodes.enumerated()
    where !node.label.isEmpty && pictures.contains(node.results[0]) {
      last[node.label] = index
    }
    let points = last.sorted { $0.value < $1.value }.map { label, index in
      let value = graph.graph.nodes[index].results[0]
      return Point(name: label, value: value, layout: graph.type(of: value).layout)
    }
    try self.init(graph, points)
  }

  /// The graph with `points` as further outputs.
  package init(_ graph: VerifiedGraph, _ points: [Point]) throws(CheckError) {
    var traced = graph.graph
    for point in points { traced.addOutput(Self.prefix + point.name, point.value) }
    self.points = points
    self.graph = try verified(traced)
  }

  /// The results of a run of `graph`, by layer; outputs of the network itself are left out.
  package func layers(
    _ results: [(name: String, tensor: Tensor)]
  ) -> [String: Tensor] {
    Dictionary(
      results.filter { $0.name.hasPrefix(Self.prefix) }.map {
        (String($0.name.dropFirst(Self.prefix.count)), $0.tensor)
      }, uniquingKeysWith: { first, _ in first })
  }

  private static let prefix = "layer: "
}

extension VerifiedGraph {
  /// The `f32` results of nodes that follow from what an input other than the mask holds.
  package var pictureValues: Set<ValueID> { graph.pictureValues() }

  /// The part of the graph from the values of `known` to `result`; the known ones become inputs.
  ///
  /// - Parameter known: for each value, the fixed shape that it has.
  package func segment(
    from known: [(value: ValueID, name: String, type: ValueType)], to result: ValueID,
    named name: String
  ) throws(CheckError) -> VerifiedGraph {
    var part = graph
    let values = Set(known.map(\.value))
    part.nodes.removeAll { node in node.results.contains(where: values.contains) }
    part.outputs = [Graph.Output(name: name, value: result)]
    part.removeDeadNodes()
    let read = Set(part.nodes.flatMap(\.inputs))
    part.inputs = part.inputs.filter { read.contains($0.value) }
    part.inputs += known.filter { read.contains($0.value) }.map {
      Graph.Input(name: $0.name, value: $0.value, type: $0.type)
    }
    return try verified(part)
  }
}

/// - Throws: `.internalFault`, since the graph was made here from a verified one.
func verified(_ graph: Graph) throws(CheckError) -> VerifiedGraph {
  do throws(VerificationError) {
    return try VerifiedGraph(graph)
  } catch {
    throw CheckError(.internalFault, "\(error)")
  }
}
