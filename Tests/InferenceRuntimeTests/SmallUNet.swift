import GraphIR
import TensorCore

/// A partial-convolution U-Net of two levels with everything the full-width one has: window sums of
/// the mask, renormalisation, masked skips, upsampling, and a batch norm.
enum SmallUNet {
  /// - Parameter isLocal: leaves out the batch norm, whose statistics are of the whole picture.
  static func graph(isLocal: Bool = false) throws -> VerifiedGraph {
    var random = SeededGenerator(seed: 99)
    var graph = Graph(name: "small")
    let batch = Dimension.symbol(Symbol("N"))
    let height = Dimension.symbol(Symbol("H", multiple: 4))
    let width = Dimension.symbol(Symbol("W", multiple: 4))
    let image = graph.addInput("image", .image(batch, 3, height, width), aliases: ["input_1"])
    let mask = graph.addInput("mask", .image(batch, 1, height, width))
    let first = try layer(
      &graph, &random, [(image, mask, 3, 1)], outputs: 20, stride: 2, activation: .relu)
    let gamma = graph.addConstant("gamma", random.positives([20]))
    let beta = graph.addConstant("beta", random.tensor([20]))
    let normal =
      isLocal
      ? first.value
      : try graph.apply(
        BatchNormalization(epsilon: 1e-3, statistics: .batch), first.value, gamma, beta)
    let second = try layer(
      &graph, &random, [(normal, first.mask, 20, 1)], outputs: 33, stride: 2,
      activation: .leakyReLU(slope: 0.2))
    let third = try layer(
      &graph, &random, [(second.value, second.mask, 33, 2), (normal, first.mask, 20, 1)],
      outputs: 17, stride: 1, activation: .relu)
    let last = try layer(
      &graph, &random, [(third.value, third.mask, 17, 2), (image, mask, 3, 1)], outputs: 3,
      stride: 1, activation: .sigmoid)
    graph.addOutput("picture", last.value)
    graph.addOutput("mask", last.mask)
    return try VerifiedGraph(graph)
  }

  static func inputs(size: Int, seed: UInt64) -> [String: Tensor] {
    var random = SeededGenerator(seed: seed)
    return [
      "image": random.tensor([1, 3, size, size]), "mask": random.mask([1, 1, size, size]),
    ]
  }

  private typealias Part = (value: ValueID, mask: ValueID, channels: Int, upsampling: Int)

  /// One partial convolution and its mask update, as an importer's graph has them after the passes.
  private static func layer(
    _ graph: inout Graph, _ random: inout SeededGenerator, _ parts: [Part], outputs: Int,
    stride: Int, activation: Activation
  ) throws -> (value: ValueID, mask: ValueID) {
    let name = "layer\(graph.nodes.count)"
    let convolution = Convolution(stride: [stride, stride], padding: [1, 1, 1, 1])
    let channels = parts.reduce(0) { $0 + $1.channels }
    let ones = Tensor([Float](repeating: 1, count: 9), shape: [1, 1, 3, 3])
    let kernel = graph.addConstant("\(name) ones", ones)
    var sums: [ValueID] = []
    for part in parts {
      let factor = part.upsampling
      let mask = try graph.apply(UpsampleNearest(factor: [factor, factor]), part.mask)
      let sum = try graph.apply(convolution, mask, kernel)
      let count = try graph.apply(Fill.scalar(Float(part.channels)))
      sums.append(try graph.apply(Multiply(), sum, count))
    }
    let sum = sums.count == 2 ? try graph.apply(Add(), sums[0], sums[1]) : sums[0]
    let zero = try graph.apply(Fill.scalar(0))
    let window = try graph.apply(Fill.scalar(Float(channels * 9)))
    let isHole = try graph.apply(Equal(), sum, zero)
    let ratio = try graph.apply(
      Select(), isHole, zero, try graph.apply(Divide(), window, sum))
    let newMask = try graph.apply(Clip(minimum: 0, maximum: 1), sum)
    let operation = PartialConvolution(
      parts: parts.map { .init(isMasked: true, upsampling: $0.upsampling) },
      convolution: convolution, hasRatio: true, biasPlanes: [true], activation: activation)
    let scale = 1 / Float(channels * 2)
    let kernelShape = [outputs, channels, 3, 3]
    let values = random.tensor(kernelShape).floatArray.map { $0 * scale }
    let weights = graph.addConstant("\(name) weights", Tensor(values, shape: kernelShape))
    let bias = graph.addConstant("\(name) bias", random.tensor([outputs]))
    let inputs = parts.flatMap { [$0.value, $0.mask] } + [weights, ratio, bias, newMask]
    return (try graph.add(operation, inputs, label: name)[0], newMask)
  }
}

/// The scalar meaning of a whole graph.
enum ScalarRun {
  static func outputs(_ graph: Graph, _ inputs: [String: Tensor]) -> [Tensor] {
    var values: [ValueID: Tensor] = [:]
    for input in graph.inputs { values[input.value] = inputs[input.name] }
    for constant in graph.constants { values[constant.value] = constant.tensor }
    for node in graph.nodes {
      let results = node.operation.evaluate(node.inputs.compactMap { values[$0] })
      for (value, result) in zip(node.results, results) { values[value] = result }
    }
    return graph.outputs.compactMap { values[$0.value] }
  }
}
