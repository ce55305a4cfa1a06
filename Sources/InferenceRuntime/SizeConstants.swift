import GraphIR

/// The values of a graph that follow from the sizes of its inputs and from nothing they hold, such
/// as the border ratios of padding by partial convolution. A plan computes them once.
struct SizeConstants {
  /// Every such value.
  let values: Set<ValueID>
  /// Those that a run reads.
  let kept: Set<ValueID>

  init(_ graph: Graph) {
    var values: Set<ValueID> = []
    let constants = Set(graph.constants.map(\.value))
    var kept = Set(graph.outputs.map(\.value))
    for node in graph.nodes {
      if node.operation is OnesPlane
        || node.inputs.allSatisfy({ values.contains($0) || constants.contains($0) })
      {
        values.formUnion(node.results)
      } else {
        kept.formUnion(node.inputs)
      }
    }
    self.values = values
    self.kept = kept.intersection(values)
  }
}
