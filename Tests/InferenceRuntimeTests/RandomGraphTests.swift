import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

@Suite struct RandomGraphTests {
  /// Replay one case by putting its seed alone into `arguments`.
  @Test(arguments: 0..<40)
  func `agrees with the scalar meaning of a random graph`(_ seed: Int) throws {
    var builder = RandomGraph(seed: UInt64(seed) + 1)
    let (graph, inputs) = try builder.build()
    let expected = ScalarRun.outputs(graph.graph, inputs)
    for kernels in KernelTable.supported {
      let session = CompiledModel(graph, kernels: kernels).makeSession(threads: 1 + seed % 3)
      for _ in 0..<2 {
        let actual = try session.run(inputs)
        for (output, reference) in zip(actual, expected) {
          let difference = largestDifference(output.tensor, reference)
          #expect(difference <= 1e-4, "seed \(seed), \(output.name): \(graph.graph.name)")
        }
      }
    }
  }
}

/// Applies random operations to random earlier values, several of which are outputs: what a memory
/// plan must get right.
struct RandomGraph {
  private var random: SeededGenerator
  private var graph = Graph(name: "random")
  private var inputs: [String: Tensor] = [:]
  private var values: [ValueID] = []

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func build() throws -> (graph: VerifiedGraph, inputs: [String: Tensor]) {
    for index in 0..<2 {
      let name = "input\(index)"
      let shape = [2, 3, 8, 6]
      inputs[name] = random.tensor(shape)
      values.append(
        graph.addInput(name, .image(.fixed(2), 3, .fixed(8), .fixed(6))))
    }
    for step in 0..<14 { values.append(try apply(step)) }
    for (index, value) in ([values[values.count - 1]] + values.suffix(5)).enumerated() {
      graph.addOutput("output\(index)", value)
    }
    graph.addOutput("input", values[0])
    return (try VerifiedGraph(graph), inputs)
  }

  private mutating func apply(_ step: Int) throws -> ValueID {
    let x = values.randomElement(using: &random) ?? values[0]
    let channels = graph.type(of: x)?.dimensions[1].fixedValue ?? 1
    let same = values.filter { graph.type(of: $0) == graph.type(of: x) }
    let y = same.randomElement(using: &random) ?? x
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return try graph.apply(ReLU(), x)
    case 1: return try graph.apply(Tanh(), x)
    case 2: return try graph.apply(Add(), x, y)
    case 3: return try graph.apply(Multiply(), x, y)
    case 4 where channels <= 12: return try graph.apply(Concat(), x, y)
    case 5: return try graph.apply(Clip(minimum: -0.5, maximum: 0.75), x)
    case 6 where channels > 1: return try graph.apply(SliceChannels(start: 1, end: channels), x)
    case 7:
      let border = Pad(mode: .circular, border: [1, 1, 1, 1])
      let window = Window(kernel: [3, 3])
      return try graph.apply(Pool(mode: .maximum, window: window), graph.apply(border, x))
    case 8:
      let there = try graph.apply(ChangeLayout(to: .nhwc), x)
      return try graph.apply(ChangeLayout(to: .nchw), there)
    default: return try convolve(x, channels, step)
    }
  }

  private mutating func convolve(_ x: ValueID, _ channels: Int, _ step: Int) throws -> ValueID {
    let outputs = Int.random(in: 1...9, using: &random)
    let kernel = random.tensor([outputs, channels, 3, 3])
    let scaled = Tensor(kernel.floatArray.map { $0 / Float(channels * 3) }, shape: kernel.shape)
    let weights = graph.addConstant("weights\(step)", scaled)
    return try graph.apply(Convolution(padding: [1, 1, 1, 1]), x, weights)
  }
}
