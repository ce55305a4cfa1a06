import GraphIR
import TensorCore

/// A small U-Net of one dialect whose depth, kernels, biases, norms and order of joined channels a
/// seed chooses.
struct RandomUNet {
  private var random: SeededGenerator
  private var graph: Graph
  private let dialect: Dialect
  private let hasBias: Bool
  private let isSkipFirst: Bool

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    dialect = Dialect.allCases.randomElement(using: &random) ?? .nvidia
    hasBias = random.chance()
    isSkipFirst = random.chance()
    graph = Graph(name: "\(dialect)")
  }

  mutating func build() throws -> VerifiedGraph {
    let depth = Int.random(in: 1...3, using: &random)
    let size = ["H", "W"].map { Dimension.symbol(Symbol($0, multiple: 1 << depth)) }
    let batch = Dimension.symbol(Symbol("N"))
    let image = graph.addInput("image", .image(batch, 3, size[0], size[1]))
    let mask = graph.addInput("mask", .image(batch, 1, size[0], size[1]))
    let channels = try graph.apply(ExpandChannels(count: 3), mask)
    var skips = [Features(picture: image, mask: channels)]
    for level in 1...depth {
      let kernel = [3, 5].randomElement(using: &random) ?? 3
      var next = try layer(skips[level - 1], outputs: 2 + level, kernel, stride: 2, "enc_\(level)")
      if level > 1 { next.picture = try norm(next.picture, "enc_\(level).bn") }
      next.picture = try graph.apply(ReLU(), next.picture)
      skips.append(next)
    }
    var features = skips.removeLast()
    for (level, skip) in skips.enumerated().reversed() {
      features = try decoded(features, skip, level: level)
    }
    graph.addOutput("picture", try lastLayers(features.picture))
    if random.chance() { graph.addOutput("updated", features.mask) }
    return try VerifiedGraph(graph)
  }

  private mutating func decoded(
    _ features: Features, _ skip: Features, level: Int
  ) throws -> Features {
    let enlarge = UpsampleNearest(factor: [2, 2])
    func joined(_ small: ValueID, _ other: ValueID) throws -> ValueID {
      let large = try graph.apply(enlarge, small)
      return isSkipFirst
        ? try graph.apply(Concat(), other, large) : try graph.apply(Concat(), large, other)
    }
    let picture = try joined(features.picture, skip.picture)
    let mask = try joined(features.mask, skip.mask)
    var result = try layer(
      Features(picture: picture, mask: mask), outputs: level == 0 ? 3 : 4, 3, stride: 1,
      "dec_\(level)")
    guard level > 0 || dialect == .pconvKeras else { return result }
    if level > 0 { result.picture = try norm(result.picture, "dec_\(level).bn") }
    result.picture = try graph.apply(LeakyReLU(slope: 0.2), result.picture)
    return result
  }

  private mutating func layer(
    _ features: Features, outputs: Int, _ kernel: Int, stride: Int, _ label: String
  ) throws -> Features {
    let channels = graph.type(of: features.picture)?.dimensions[1].fixedValue ?? 1
    let shape = [outputs, channels, kernel, kernel]
    let border = [Int](repeating: kernel / 2, count: 4)
    let convolution = Convolution(stride: [stride, stride], padding: border)
    let weights = graph.addConstant("\(label).weight", random.tensor(shape))
    let masked = try graph.apply(Multiply(), features.picture, features.mask, label: label)
    let ones =
      random.chance()
      ? try graph.apply(Fill(1, shape: shape))
      : graph.addConstant("\(label).ones", random.tensor(shape, in: 1...1))
    let layer = PartialLayer(
      dialect: dialect, label: label,
      sum: try graph.apply(convolution, masked, weights, label: label),
      windowSum: try graph.apply(convolution, features.mask, ones, label: label),
      area: kernel * kernel, channels: channels,
      bias: hasBias
        ? graph.addConstant("\(label).bias", random.tensor([1, outputs, 1, 1])) : nil)
    return try layer.add(to: &graph)
  }

  private mutating func norm(_ x: ValueID, _ label: String) throws -> ValueID {
    let count = graph.type(of: x)?.dimensions[1].fixedValue ?? 1
    let usesBatch = dialect == .pconvKeras && random.chance()
    var parameters = ["gamma", "beta", "mean"].map {
      graph.addConstant("\(label).\($0)", random.tensor([count]))
    }
    parameters.append(
      graph.addConstant("\(label).variance", random.tensor([count], in: 0.5...2)))
    let operation = BatchNormalization(epsilon: 1e-3, statistics: usesBatch ? .batch : .moving)
    return try graph.add(operation, [x] + parameters.prefix(usesBatch ? 2 : 4), label: label)[0]
  }

  /// Keras networks end in an ordinary convolution of one cell and a sigmoid.
  private mutating func lastLayers(_ picture: ValueID) throws -> ValueID {
    guard dialect == .pconvKeras else { return picture }
    let weights = graph.addConstant("last.weight", random.tensor([3, 3, 1, 1]))
    let bias = graph.addConstant("last.bias", random.tensor([1, 3, 1, 1]))
    let sum = try graph.apply(Convolution(), picture, weights, label: "last")
    return try graph.apply(Sigmoid(), try graph.apply(Add(), sum, bias, label: "last"))
  }
}
