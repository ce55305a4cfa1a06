import GraphIR
import KernelLibrary
import TensorCore
import Testing

@testable import InferenceRuntime

/// Padding by partial convolution: a mask of ones whose window sums fall short at the border only.
@Suite struct SizeConstantTests {
  /// Layers whose ratios follow from the picture's size, the last of them made after everything
  /// else; the border plane is an output as well.
  private static func graph() throws -> VerifiedGraph {
    var random = SeededGenerator(seed: 5)
    var graph = Graph(name: "border")
    let symbols = ["N", "H", "W"].map { Dimension.symbol(Symbol($0)) }
    let image = graph.addInput("image", .image(symbols[0], 3, symbols[1], symbols[2]))
    var value = image
    var ratio = image
    for (index, channels) in [3, 20, 20, 5].dropLast().enumerated() {
      let outputs = [20, 20, 5][index]
      let ones = try graph.apply(OnesPlane(), value)
      let kernel = try graph.apply(Fill(1, shape: [1, 1, 3, 3]))
      let convolution = Convolution(padding: [1, 1, 1, 1])
      let sums = try graph.apply(convolution, ones, kernel, label: "ratio")
      let nine = try graph.apply(Fill.scalar(9))
      ratio = try graph.apply(Divide(), nine, sums, label: "ratio")
      let weights = graph.addConstant(
        "weights \(index)", random.tensor([outputs, channels, 3, 3]))
      let layer = PartialConvolution(
        parts: [.init(isMasked: false)], convolution: convolution, hasRatio: true,
        activation: .relu)
      value = try graph.apply(layer, value, weights, ratio, label: "layer \(index)")
    }
    graph.addOutput("picture", value)
    graph.addOutput("ratio", ratio)
    return try VerifiedGraph(graph)
  }

  @Test func `computes what follows from sizes alone once for each plan`() throws {
    let graph = try Self.graph()
    let session = CompiledModel(graph).makeSession(threads: 2)
    var random = SeededGenerator(seed: 6)
    for size in [(1, 7), (33, 20), (1, 1), (33, 20)] {
      for _ in 0..<3 {
        let inputs = ["image": random.tensor([2, 3, size.0, size.1])]
        let expected = ScalarRun.outputs(graph.graph, inputs)
        let actual = try session.run(inputs).map(\.tensor)
        expectClose(actual[0], expected[0], .reassociates, depth: 400)
        #expect(actual[1] == expected[1])
      }
    }
    let steps = try session.profile(["image": random.tensor([2, 3, 33, 20])]).map(\.label)
    #expect(steps.allSatisfy { $0.hasPrefix("layer") }, "\(steps)")
  }

  @Test func `keeps what a mask decides in every run`() throws {
    let session = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1)
    let steps = try session.profile(SmallUNet.inputs(size: 16, seed: 1)).map(\.label)
    #expect(steps.contains { $0.contains("equal") } && steps.contains { $0.contains("divide") })
  }
}
