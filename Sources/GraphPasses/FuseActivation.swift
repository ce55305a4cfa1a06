import GraphIR

/// Lets a partial convolution apply the activation that alone reads its result.
///
/// Given `%2 = partial_conv …` and `%3 = relu %2`, the result is `%3 = partial_conv … {activation=relu}`.
/// The function is applied to the same numbers.
let fuseActivation = GraphPass("fuse-activation", .exact) { context throws(GraphError) in
  let graph = context.graph
  let producers = graph.producers()
  let uses = graph.useCounts()
  for (index, node) in graph.nodes.enumerated() {
    guard let activation = Activation(node.operation), let source = producers[node.inputs[0]],
      var operation = graph.nodes[source].operation as? PartialConvolution,
      operation.activation == .none, uses[node.inputs[0]] == 1
    else { continue }
    operation.activation = activation
    context.rewrite(
      at: index, operation, graph.nodes[source].inputs, label: graph.nodes[source].label,
      "\(node.operation.mnemonic) after '\(graph.nodes[source].label)'")
  }
}
