import GraphIR

/// Lets equal operations on equal inputs share one node.
///
/// Given
/// ```text
/// %3 = equal %1, %2 : bool[N,1,H,W]
/// %4 = equal %1, %2 : bool[N,1,H,W]
/// ```
/// every reader of `%4` reads `%3`. Operations have no state, so the values are the same bits.
let mergeCommonSubexpressions = GraphPass("merge-common-subexpressions", .exact) {
  context throws(GraphError) in
  struct Key: Hashable {
    let mnemonic: String
    /// As printed, so that -0 differs from 0.
    let attributes: [String: String]
    let inputs: [ValueID]
  }
  var known: [Key: ValueID] = [:]
  for index in context.graph.nodes.indices {
    let node = context.graph.nodes[index]
    let key = Key(
      mnemonic: node.operation.mnemonic,
      attributes: node.operation.attributes.mapValues(\.description), inputs: node.inputs)
    if let earlier = known[key] {
      context.replace(
        node.results[0], with: earlier, "\(node.results[0]) \(key.mnemonic) is \(earlier)")
    } else {
      known[key] = node.results[0]
    }
  }
}
