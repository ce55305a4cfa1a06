import GraphIR
import TensorCore

/// Joins a convolution with the mask before it and the renormalisation and bias after it.
///
/// Given planes `%m` and `%r` of one channel,
/// ```text
/// %3 = multiply %x, %m        : f32[N,64,H,W]
/// %4 = convolution %3, %w {…} : f32[N,128,H,W]
/// %5 = multiply %4, %r        : f32[N,128,H,W]
/// %6 = add %5, %b             : f32[N,128,H,W]
/// ```
/// the result is
/// ```text
/// %6 = partial_conv %x, %m, %w, %r, %b {masked=[1], ratio=1, …} : f32[N,128,H,W]
/// ```
/// Everything that follows is affine in the sum with coefficients that are planes or vectors, so it
/// ends as `sum ⊙ ratio + Σ bias_j ⊙ plane_j`; `(y + b) - b` cancels. A selection of 0 where a
/// window saw nothing sets ratio and planes to 0 there, so `1/0` never meets a number.
let fusePartialConvolution = GraphPass("fuse-partial-convolution", .reassociates) {
  context throws(GraphError) in
  var index = 0
  while index < context.graph.nodes.count {
    if context.graph.nodes[index].operation is Convolution {
      var fusion = ConvolutionFusion(context.graph.nodes[index], at: index)
      index = try fusion.run(&context)
    }
    index += 1
  }
}

private struct ConvolutionFusion {
  private let node: Node
  private let convolution: Convolution
  private var epilogue: AffineEpilogue
  private var pictures: [ValueID] = []
  private var masks: [ValueID?] = []

  init(_ node: Node, at index: Int) {
    self.node = node
    convolution = node.operation as? Convolution ?? Convolution()
    epilogue = AffineEpilogue(sum: node.results[0], at: index)
  }

  /// Fuses what it can; the index of the last node that now stands for the convolution.
  mutating func run(_ context: inout PassContext) throws(GraphError) -> Int {
    let start = context.graph.nodes.firstIndex { $0.results == node.results } ?? 0
    guard convolution.groups == 1 else { return start }
    findParts(context.graph)
    try epilogue.absorb(&context)
    let isMasked = masks.contains { $0 != nil } || pictures.count > 1
    guard isMasked || epilogue.isPresent else { return start }
    let biases = epilogue.biases.enumerated().map { number, bias in
      (
        vector: context.addConstant(
          "\(node.label).bias\(number == 0 ? "" : "\(number)")",
          Tensor(bias.vector, shape: [bias.vector.count])),
        plane: bias.plane
      )
    }
    let operation = PartialConvolution(
      parts: masks.map { .init(isMasked: $0 != nil) }, convolution: convolution,
      hasRatio: epilogue.ratio != nil, biasPlanes: biases.map { $0.plane != nil })
    let inputs = PartialConvolution.inputs(
      PartialConvolution.Arguments(
        pictures: pictures, masks: masks, weights: node.inputs[1], ratio: epilogue.ratio,
        biases: biases))
    let fused = try context.insert(
      operation, inputs, label: node.label, before: epilogue.position + 1)
    context.replace(
      epilogue.value, with: fused, "convolution '\(node.label)' with \(summary)")
    return epilogue.position + 1
  }

  private var summary: String {
    let parts = masks.map { $0 == nil ? "a picture" : "a masked picture" }.joined(separator: ", ")
    let ratio = epilogue.ratio == nil ? "" : ", its ratio"
    return "\(parts)\(ratio), \(epilogue.biases.count) bias terms"
  }

  private mutating func findParts(_ graph: Graph) {
    let producers = graph.producers()
    func producer(_ value: ValueID) -> Node? { producers[value].map { graph.nodes[$0] } }
    let input = node.inputs[0]
    let joined = producer(input).flatMap { $0.operation is Concat ? $0.inputs : nil } ?? [input]
    for value in joined {
      if let product = producer(value), product.operation is Multiply,
        let mask = product.inputs.firstIndex(where: { graph.isPlane($0) }),
        !graph.isPlane(value)
      {
        pictures.append(product.inputs[1 - mask])
        masks.append(product.inputs[mask])
      } else if let product = producer(value), product.operation is Multiply,
        graph.isPlane(value)
      {
        pictures.append(product.inputs[0])
        masks.append(product.inputs[1])
      } else {
        pictures.append(value)
        masks.append(nil)
      }
    }
  }
}

extension Graph {
  /// Whether `value` is one channel of rows and columns, the same for all channels of a picture.
  func isPlane(_ value: ValueID) -> Bool {
    guard let type = type(of: value), type.rank == 4, type.layout == .nchw,
      type.elementType == .float32
    else { return false }
    return type.dimensions[1] == .fixed(1) && type.dimensions[2] != .fixed(1)
  }
}
