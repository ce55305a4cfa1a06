import GraphIR
import TensorCore

/// Graphs that use every operation, so that whatever holds for the text form holds for all of them.
enum EveryOperation {
  static func graph() throws -> Graph {
    var graph = Graph(name: "every")
    let batch = Dimension.symbol(Symbol("N"))
    let height = Dimension.symbol(Symbol("H", multiple: 4))
    let width = Dimension.symbol(Symbol("W", multiple: 6))
    let x = graph.addInput(
      "image", .image(batch, 4, height, width), aliases: ["inputs_img", "x.1"])
    let mask = graph.addInput("mask", .image(batch, 1, height, width))
    try addArithmetic(&graph, x, mask)
    try addPixels(&graph, x)
    let small = graph.addInput("small", .image(batch, 2, .fixed(3), .fixed(5)))
    let flat = try graph.apply(Flatten(), small)
    let weights = graph.addConstant("fc/kernel:0", tensor([7, 30]))
    let bias = graph.addConstant("fc/bias:0", tensor([7]))
    graph.addOutput("logits", try graph.apply(Dense(), flat, weights, bias, label: "fc"))
    try addPartialConvolution(&graph, x, mask)
    let volume = graph.addInput(
      "volume", ValueType(of: tensor([1, 2, 3, 4, 5])))
    let filters = graph.addConstant("volume/kernel", tensor([3, 2, 2, 3, 3]))
    let volumes = try graph.add(
      PartialConvolution3D(stride: [1, 2, 1], padding: [0, 1, 1]), [volume, volume, filters])
    graph.addOutput("volume_output", volumes[0])
    graph.addOutput("volume_mask", volumes[1])
    return graph
  }

  static func tensor(_ shape: [Int]) -> Tensor {
    let count = Tensor.elementCount(of: shape)
    return Tensor((0..<count).map { Float($0 % 7) - 3 }, shape: shape)
  }

  static func tensors(_ graph: Graph) -> [String: Tensor] {
    Dictionary(graph.constants.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
  }

  private static func addArithmetic(_ graph: inout Graph, _ x: ValueID, _ mask: ValueID) throws {
    let half = try graph.apply(Fill.scalar(-0.5))
    let tiny = try graph.apply(Fill.scalar(1e-8))
    let isHole = try graph.apply(Equal(), mask, half)
    let sum = try graph.apply(Add(), x, mask)
    let difference = try graph.apply(Subtract(), sum, half)
    let product = try graph.apply(Multiply(), difference, mask, label: "a \"quoted\" \\ name")
    let quotient = try graph.apply(Divide(), product, tiny, label: "Straße\n2")
    let chosen = try graph.apply(Select(), isHole, half, quotient)
    let clipped = try graph.apply(Clip(minimum: -.infinity, maximum: .infinity), chosen)
    let relu = try graph.apply(ReLU(), try graph.apply(Exponential(), clipped))
    let leaky = try graph.apply(LeakyReLU(slope: -3.4e38), relu)
    let sigmoid = try graph.apply(Sigmoid(), leaky)
    graph.addOutput("arithmetic", try graph.apply(Tanh(), sigmoid))
  }

  private static func addPixels(_ graph: inout Graph, _ x: ValueID) throws {
    let padded = try graph.apply(Pad(mode: .circular, border: [0, 1, 2, 3]), x)
    let window = Window(kernel: [3, 2], stride: [2, 3], padding: [1, 0, 2, 1])
    let pooled = try graph.apply(
      Pool(mode: .average, window: window, countsBorder: false), padded)
    let resized = try graph.apply(ResizeNearest(), pooled, x)
    let enlarged = try graph.apply(UpsampleNearest(factor: [2, 3]), resized)
    let slice = try graph.apply(SliceChannels(start: 1, end: 2), enlarged)
    let joined = try graph.apply(
      Concat(), slice, try graph.apply(ExpandChannels(count: 2), slice))
    let parameters = (0..<4).map { graph.addConstant("bn.\($0)", tensor([3])) }
    let normal = try graph.add(
      BatchNormalization(epsilon: 1e-3, statistics: .moving), [joined] + parameters)[0]
    let last = try graph.apply(
      BatchNormalization(epsilon: 0, statistics: .batch), normal, parameters[0], parameters[1])
    graph.addOutput("ones", try graph.apply(OnesPlane(), x))
    graph.addOutput("average", try graph.apply(GlobalAverage(), x))
    graph.addOutput("pixels", try graph.apply(ChangeLayout(to: .nhwc), last))
  }

  private static func addPartialConvolution(
    _ graph: inout Graph, _ x: ValueID, _ mask: ValueID
  ) throws {
    let convolution = Convolution(
      stride: [1, 2], padding: [0, 1, 2, 3], dilation: [2, 1], groups: 1)
    let weights = graph.addConstant("w", tensor([3, 8, 2, 3]))
    let large = try graph.apply(UpsampleNearest(factor: [2, 2]), x)
    let plane = try graph.apply(UpsampleNearest(factor: [2, 2]), mask)
    let window = try graph.apply(Fill(1, shape: [1, 1, 2, 3]))
    let ratio = try graph.apply(convolution, plane, window)
    let vector = graph.addConstant("enc 1 \"bias\"", tensor([3]))
    let operation = PartialConvolution(
      parts: [.init(isMasked: true, upsampling: 2), .init(isMasked: false)],
      convolution: convolution, hasScale: true, hasRatio: true, biasPlanes: [false, true],
      activation: .leakyReLU(slope: 0.2))
    let inputs = [x, mask, large, weights, vector, ratio, vector, vector, ratio]
    let quantization = try Quantization(scale: 0.1, zeroPoint: 7)
    let narrow = PartialConvolution(
      parts: [.init(isMasked: false, quantization: quantization), .init(isMasked: false)],
      convolution: Convolution(), storage: .quantized(quantization))
    let stored = try graph.apply(Narrow(to: .quantized(quantization)), x)
    let half = try graph.apply(Narrow(to: .bfloat16), x)
    let pointwise = graph.addConstant("pointwise", tensor([3, 8, 1, 1]))
    graph.addOutput("narrow", try graph.add(narrow, [stored, half, pointwise])[0])
    graph.addOutput("partial", try graph.add(operation, inputs, label: "enc_1")[0])
    let grouped = graph.addConstant("grouped", tensor([6, 2, 1, 1]))
    graph.addOutput("grouped", try graph.apply(Convolution(groups: 2), x, grouped))
  }
}
