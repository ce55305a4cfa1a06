package import GraphIR

/// Which value of an optimised graph stands for which value of the graph it was made from.
///
/// A value keeps its identifier while a pass leaves or rewrites its node. Where a pass lets a
/// reader take another value instead, that value stands for the one that the same reader took
/// before. So values are paired by how the graphs are built, never by what they hold.
package struct ValueLineage: Sendable {
  /// For each value of the last graph, the value of the first one.
  package private(set) var origins: [ValueID: ValueID]

  /// - Parameter graphs: the imported graph, then the graph after each pass.
  package init(_ graphs: [VerifiedGraph]) {
    let first = graphs.first
    origins = Dictionary(
      (first?.graph.nodes.flatMap(\.results) ?? []).map { ($0, $0) },
      uniquingKeysWith: { value, _ in value })
    for (before, after) in zip(graphs, graphs.dropFirst()) { follow(before, after) }
  }

  /// The lineage of another graph that was made from the same one by other passes: what a layer
  /// gives there stands for what the layer of that name gives in `graph`, the last of this lineage.
  package func byLayers(
    of graph: VerifiedGraph, in other: VerifiedGraph
  ) throws(CheckError) -> ValueLineage {
    let known = Dictionary(
      try LayerTrace(layersOf: graph).points.map { ($0.name, $0.value) },
      uniquingKeysWith: { first, _ in first })
    var lineage = ValueLineage([])
    for point in try LayerTrace(layersOf: other).points {
      guard let value = known[point.name], let origin = origins[value],
        other.type(of: point.value) == graph.type(of: value)
      else { continue }
      lineage.origins[point.value] = origin
    }
    return lineage
  }

  private mutating func follow(_ before: VerifiedGraph, _ after: VerifiedGraph) {
    let readers = Dictionary(
      before.graph.nodes.flatMap { node in node.results.map { ($0, node) } },
      uniquingKeysWith: { node, _ in node })
    var pairs: [(new: ValueID, old: ValueID)] = []
    for node in after.graph.nodes {
      guard let reader = node.results.first.flatMap({ readers[$0] }),
        reader.operation.isEqual(to: node.operation), reader.inputs.count == node.inputs.count
      else { continue }
      pairs += zip(node.inputs, reader.inputs).map { ($0, $1) }
    }
    for (output, old) in zip(after.graph.outputs, before.graph.outputs) {
      pairs.append((output.value, old.value))
    }
    let made = Set(after.graph.nodes.flatMap(\.results))
    for (new, old) in pairs {
      guard made.contains(new), origins[new] == nil, let origin = origins[old],
        after.type(of: new) == before.type(of: old)
      else { continue }
      origins[new] = origin
    }
    origins = origins.filter { made.contains($0.key) }
  }
}
