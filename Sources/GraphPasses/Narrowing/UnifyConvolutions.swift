import GraphIR

/// Makes a convolution of pictures a partial convolution without a mask.
///
/// Given
/// ```text
/// %2 = convolution %x, %w {…} : f32[N,64,H,W]
/// ```
/// the result is `partial_conv %x, %w {masked=[0], …} : f32[N,64,H,W]`, the same sums. A batch norm
/// or activation behind it can then go into it, and it can be narrowed. A convolution in groups,
/// one by computed weights and one of masks stay.
let unifyConvolutions = GraphPass("unify-convolutions", .exact) { context throws(GraphError) in
  let graph = context.graph
  let pictures = graph.pictureValues()
  for (index, node) in graph.nodes.enumerated() {
    guard let convolution = node.operation as? Convolution, convolution.groups == 1,
      pictures.contains(node.results[0]), graph.constantTensor(node.inputs[1]) != nil
    else { continue }
    context.rewrite(
      at: index,
      PartialConvolution(parts: [.init(isMasked: false)], convolution: convolution), node.inputs,
      label: node.label, "convolution '\(node.label)' without a mask")
  }
}
