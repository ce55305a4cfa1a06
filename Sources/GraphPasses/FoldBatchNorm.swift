import GraphIR
import TensorCore

/// Folds a batch norm with moving statistics into the partial convolution before it.
///
/// Given
/// ```text
/// %2 = partial_conv %x, %m, %w, %r, %b, %v {bias_planes=[1], …}
/// %3 = batch_normalization %2, %gamma, %beta, %mean, %variance {…}
/// ```
/// the result is `partial_conv %x, %m, %w, %k, %r, %kb, %v, %t {scale=1, bias_planes=[1,0], …}` with
/// `k = gamma / sqrt(variance + epsilon)` and `t = beta - mean · k`. The shift t is added everywhere,
/// after the renormalisation and outside the planes: where the mask cleared the sum, a batch norm
/// still gives t. The weights keep their bits. Batch statistics depend on the batch and are left.
let foldBatchNorm = GraphPass(
  "fold-batch-norm", .reassociates, precondition: "moving statistics"
) { context throws(GraphError) in
  var index = 0
  while index < context.graph.nodes.count {
    try foldNorm(at: index, &context)
    index += 1
  }
}

private func foldNorm(at index: Int, _ context: inout PassContext) throws(GraphError) {
  let graph = context.graph
  let node = graph.nodes[index]
  guard let norm = node.operation as? BatchNormalization, norm.statistics == .moving,
    let producer = graph.nodes.first(where: { $0.results.contains(node.inputs[0]) }),
    var operation = producer.operation as? PartialConvolution, operation.activation == .none,
    !operation.hasScale, graph.useCounts()[node.inputs[0]] == 1,
    let parameters = vectors(node.inputs.dropFirst(), graph)
  else { return }
  let scale = zip(parameters[0], parameters[3]).map { gamma, variance in
    Float(Double(gamma) / (Double(variance) + Double(norm.epsilon)).squareRoot())
  }
  let shift = scale.indices.map { channel in
    Float(Double(parameters[1][channel]) - Double(parameters[2][channel]) * Double(scale[channel]))
  }
  var arguments = operation.arguments(producer.inputs)
  arguments.scale = context.addVector("\(node.label).scale", scale)
  var total = shift
  var biases: [(vector: ValueID, plane: ValueID?)] = []
  for bias in arguments.biases {
    guard let vector = vectors([bias.vector], graph)?[0] else { return }
    let scaled = zip(vector, scale).map { $0 * $1 }
    if bias.plane == nil {
      total = zip(total, scaled).map { $0 + $1 }
    } else {
      biases.append((context.addVector("\(node.label).bias", scaled), bias.plane))
    }
  }
  biases.append((context.addVector("\(node.label).shift", total), nil))
  arguments.biases = biases
  operation.hasScale = true
  operation.biasPlanes = biases.map { $0.plane != nil }
  context.rewrite(
    at: index, operation, PartialConvolution.inputs(arguments), label: producer.label,
    "batch norm '\(node.label)' goes into '\(producer.label)'")
}

extension PassContext {
  fileprivate mutating func addVector(_ name: String, _ values: [Float]) -> ValueID {
    addConstant(name, Tensor(values, shape: [values.count]))
  }
}

/// The values of constant vectors, whether stored or filled; nil when one is neither.
private func vectors(_ values: some Sequence<ValueID>, _ graph: Graph) -> [[Float]]? {
  var result: [[Float]] = []
  for value in values {
    if let tensor = graph.constantTensor(value) {
      result.append(tensor.floatArray)
    } else if let fill = graph.nodes.first(where: { $0.results == [value] })?.operation as? Fill {
      result.append([Float](repeating: fill.value, count: fill.shape.reduce(1, *)))
    } else {
      return nil
    }
  }
  return result
}
