import GraphIR

/// Lets a convolution read the low-resolution picture instead of its enlarged copy.
///
/// Given
/// ```text
/// %2 = upsample_nearest %x {factor=[2,2]} : f32[N,64,H*2,W*2]
/// %3 = upsample_nearest %m {factor=[2,2]} : f32[N,1,H*2,W*2]
/// %4 = partial_conv %2, %3, %w {upsampling=[1], …}
/// ```
/// the result is `partial_conv %x, %m, %w {upsampling=[2], …}`: repeating a product repeats its
/// factors, so every number stays the same. A mask that is not enlarged with its picture keeps the
/// enlarged picture.
let absorbUpsampling = GraphPass("absorb-upsampling", .exact) { context throws(GraphError) in
  let graph = context.graph
  let producers = graph.producers()
  func source(_ value: ValueID) -> (value: ValueID, factor: Int)? {
    guard let index = producers[value],
      let upsample = graph.nodes[index].operation as? UpsampleNearest,
      upsample.factor[0] == upsample.factor[1]
    else { return nil }
    return (graph.nodes[index].inputs[0], upsample.factor[0])
  }
  for (index, node) in graph.nodes.enumerated() {
    guard var operation = node.operation as? PartialConvolution else { continue }
    var arguments = operation.arguments(node.inputs)
    var count = 0
    for part in operation.parts.indices where operation.parts[part].upsampling == 1 {
      guard let picture = source(arguments.pictures[part]) else { continue }
      if let mask = arguments.masks[part] {
        guard let smallMask = source(mask), smallMask.factor == picture.factor else { continue }
        arguments.masks[part] = smallMask.value
      }
      arguments.pictures[part] = picture.value
      operation.parts[part].upsampling = picture.factor
      count += 1
    }
    guard count > 0 else { continue }
    context.rewrite(
      at: index, operation, PartialConvolution.inputs(arguments), label: node.label,
      "'\(node.label)' reads \(count) picture\(count == 1 ? "" : "s") before upsampling")
  }
}
