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
      try fusion.run(&context)
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

  /// Fuses what it can. Nodes are inserted after the convolution only.
  mutating func run(_ context: inout PassContext) throws(GraphError) {
    guard convolution.groups == 1 else { return }
    findParts(context.graph)
    try epilogue.absorb(&context)
    let joinsPictures = pictures.count > 1 && !isPlaneSum(context.graph)
    guard masks.contains(where: { $0 != nil }) || joinsPictures || epilogue.isPresent else {
      return
    }
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
  }

  /// Whether one plane is summed from planes, as a window sum of joined masks is: it stays as it is.
  private func isPlaneSum(_ graph: Graph) -> Bool {
    (pictures + node.results).allSatisfy { graph.type(of: $0)?.dimensions[1] == .fixed(1) }
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
      let product = producer(value).flatMap { $0.operation is Multiply ? $0.inputs : nil } ?? []
      if let mask = product.indices.last(where: { place in
        graph.type(of: product[1 - place]) == graph.type(of: value)
          && graph.isPlane(product[place], of: value)
      }) {
        pictures.append(product[1 - mask])
        masks.append(product[mask])
      } else {
        pictures.append(value)
        masks.append(nil)
      }
    }
  }
}

extension Graph {
  /// Whether `value` is one plane for all channels of the picture, for each image or for the batch.
  func isPlane(
    _ value: ValueID, of picture: ValueID, _ elementType: ElementType = .float32
  ) -> Bool {
    guard let type = type(of: value), var wanted = self.type(of: picture), wanted.rank == 4
    else { return false }
    wanted.elementType = elementType
    wanted.dimensions[1] = .fixed(1)
    var shared = wanted
    shared.dimensions[0] = .fixed(1)
    return type == wanted || type == shared
  }
}
