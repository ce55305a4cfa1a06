import GraphIR

/// Lets equal operations on equal inputs share one node.
///
/// Given
/// ```text
/// %3 = equal %1, %2 : bool[N,1,H,W]
/// %4 = equal %1, %2 : bool[N,1,H,W]
/// ```
/// every reader of `%4` reads `%3`. Operations have no state, so the values are the same bits.
/// Planes of ones of pictures with the same rows and columns are one plane, whatever the pictures
/// hold.
let mergeCommonSubexpressions = GraphPass("merge-common-subexpressions", .exact) {
  context throws(GraphError) in
  struct Key: Hashable {
    let mnemonic: String
    /// As printed, so that -0 differs from 0.
    let attributes: [String: String]
    let inputs: [ValueID]
    /// Of what follows from it alone.
    let size: ValueType?
  }
  var known: [Key: ValueID] = [:]
  for index in context.graph.nodes.indices {
    let node = context.graph.nodes[index]
    let isSized = node.operation is OnesPlane
    let key = Key(
      mnemonic: node.operation.mnemonic,
      attributes: node.operation.attributes.mapValues(\.description),
      inputs: isSized ? [] : node.inputs,
      size: isSized ? context.graph.type(of: node.results[0]) : nil)
    if let earlier = known[key] {
      context.replace(
        node.results[0], with: earlier, "\(node.results[0]) \(key.mnemonic) is \(earlier)")
    } else {
      known[key] = node.results[0]
    }
  }
}
