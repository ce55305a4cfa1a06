import GraphIR
import TensorCore

/// Lets a layer store its result narrow when nobody reads it otherwise.
///
/// Given
/// ```text
/// %2 = partial_conv %x, %m, %w {…} : f32[N,64,H,W]
/// %3 = narrow %2 {output=u8, …}    : u8[N,64,H,W]
/// ```
/// with no other reader of `%2`, the result is `%4 = partial_conv %x, %m, %w {output=u8, …}`: the
/// same rounding of the same numbers. A result that is also read as `f32`, or stored in two ways,
/// stays.
let fuseNarrow = GraphPass("fuse-narrow", .exact) { context throws(GraphError) in
  let uses = context.graph.useCounts()
  var index = 0
  while index < context.graph.nodes.count {
    let node = context.graph.nodes[index]
    if var operation = node.operation as? PartialConvolution, operation.storage == .float32,
      uses[node.results[0]] == 1,
      let reader = context.graph.nodes.first(where: { $0.inputs == node.results }),
      let narrow = reader.operation as? Narrow
    {
      operation.storage = narrow.storage
      let stored = try context.insert(
        operation, node.inputs, label: node.label, before: index + 1)
      context.replace(
        reader.results[0], with: stored,
        "'\(node.label)' stores \(narrow.storage.elementType.rawValue)")
    }
    index += 1
  }
}
