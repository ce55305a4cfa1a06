import GraphIR
import InferenceRuntime
import TensorCore
import Testing

/// Chains of element-wise operations on pictures, planes, channels and scalars of several pieces:
/// what steps that are joined must keep apart.
@Suite struct RandomElementwiseTests {
  /// Replay one case by putting its seed alone into `arguments`.
  @Test(arguments: 0..<60)
  func `gives the bits of the scalar meaning`(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed) + 1)
    let (graph, inputs) = try makeGraph(&random)
    let expected = ScalarRun.outputs(graph, inputs)
    let session = CompiledModel(try VerifiedGraph(graph)).makeSession(threads: 1 + seed % 4)
    let first = try session.run(inputs).map(\.tensor)
    let second = try session.run(inputs).map(\.tensor)
    #expect(first == expected && second == expected)
  }

  private func makeGraph(
    _ random: inout SeededGenerator
  ) throws -> (Graph, inputs: [String: Tensor]) {
    var graph = Graph(name: "elementwise")
    let shape = [
      Int.random(in: 1...2, using: &random), Int.random(in: 2...5, using: &random),
      Int.random(in: 60...97, using: &random), Int.random(in: 60...97, using: &random),
    ]
    var inputs: [String: Tensor] = [:]
    var values: [ValueID] = []
    let shapes = [shape, [shape[0], 1, shape[2], shape[3]], [1, shape[1], 1, 1], [1, 1, 1, 1]]
    for (index, shape) in shapes.enumerated() {
      let tensor = random.tensor(shape)
      guard index < 2 else {
        values.append(graph.addConstant("constant\(index)", tensor))
        continue
      }
      inputs["input\(index)"] = tensor
      let sides = shape.map { Dimension.fixed($0) }
      values.append(graph.addInput("input\(index)", .image(sides[0], shape[1], sides[2], sides[3])))
    }
    for _ in 0..<10 {
      // The shapes broadcast with each other; recent values make chains.
      let x = try #require((values.suffix(3) + [values[0]]).randomElement(using: &random))
      let y = try #require(values.randomElement(using: &random))
      values.append(try apply(Int.random(in: 0..<8, using: &random), x, y, to: &graph))
    }
    for (index, value) in values.suffix(3).enumerated() {
      graph.addOutput("output\(index)", value)
    }
    return (graph, inputs)
  }

  private func apply(
    _ choice: Int, _ x: ValueID, _ y: ValueID, to graph: inout Graph
  ) throws -> ValueID {
    switch choice {
    case 0: try graph.apply(ReLU(), x)
    case 1: try graph.apply(LeakyReLU(slope: 0.2), x)
    case 2: try graph.apply(Clip(minimum: -0.5, maximum: 0.75), x)
    case 3: try graph.apply(Subtract(), x, y)
    case 4: try graph.apply(Multiply(), y, x)
    case 5: try graph.apply(Select(), graph.apply(Equal(), x, y), y, x)
    default: try graph.apply(Add(), x, y)
    }
  }
}
