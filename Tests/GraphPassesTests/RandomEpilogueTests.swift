import Foundation
import GraphIR
import GraphPasses
import TensorCore
import Testing

/// Replay one case with `PCONV_SEED=<seed> swift test --filter RandomEpilogueTests`.
@Suite struct RandomEpilogueTests {
  private static let seeds: [UInt64] = {
    let text = ProcessInfo.processInfo.environment["PCONV_SEED"]
    return text.flatMap(UInt64.init).map { [$0] } ?? Array(0..<150)
  }()

  @Test(arguments: seeds)
  func `keeps the numbers of any arithmetic behind a convolution`(_ seed: UInt64) throws {
    var epilogue = try RandomEpilogue(seed: seed)
    let before = try epilogue.build()
    let (after, _) = try PassPipeline.standard.run(before)
    for data in 0..<2 {
      try PassCheck(before: before, after: after, exactness: .reassociates, tolerance: 2e-6)
        .run(seed: seed &* 2 &+ UInt64(data))
    }
    let (again, records) = try PassPipeline.standard.run(after)
    #expect(records.allSatisfy { $0.rewrites.isEmpty }, "seed \(seed)")
    #expect(again == after, "seed \(seed)")
  }
}

/// A convolution of up to three output channels and a chain of what dialects do to its sum: vectors
/// added, taken away or taken from, planes of each image or of the batch, division where a window
/// saw something, selection of 0 elsewhere, values that are read twice or leave the graph.
private struct RandomEpilogue {
  private var random: SeededGenerator
  private var graph = Graph(name: "epilogue")
  private let outputs: Int
  private let picture: ValueID
  private let planes: [ValueID]
  private let divisors: [ValueID]
  private let windowSum: ValueID
  private let zero: ValueID

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    outputs = Int.random(in: 1...3, using: &random)
    let size = ["N", "H", "W"].map { Dimension.symbol(Symbol($0)) }
    let channels = Int.random(in: 1...3, using: &random)
    picture = graph.addInput("x", .image(size[0], channels, size[1], size[2]))
    let mask = graph.addInput("mask", .image(size[0], 1, size[1], size[2]))
    let shared = graph.addInput("mask_shared", .image(.fixed(1), 1, size[1], size[2]))
    let ones = try graph.apply(OnesPlane(), picture)
    let window = try graph.apply(Fill(1, shape: [1, 1, 3, 3]))
    let same = Convolution(padding: [1, 1, 1, 1])
    windowSum = try graph.apply(same, mask, window)
    zero = try graph.apply(Fill.scalar(0))
    planes = [mask, shared, ones, try graph.apply(Multiply(), mask, shared)]
    divisors = [try graph.apply(same, ones, window), windowSum]
  }

  mutating func build() throws -> VerifiedGraph {
    var input = picture
    if random.chance() {
      input = try graph.apply(Multiply(), input, planes.randomElement(using: &random) ?? input)
    }
    let channels = graph.type(of: picture)?.dimensions[1].fixedValue ?? 1
    let weights = graph.addConstant("w", random.tensor([outputs, channels, 3, 3]))
    var value = try graph.apply(Convolution(padding: [1, 1, 1, 1]), input, weights, label: "layer")
    for _ in 0..<Int.random(in: 0...6, using: &random) { value = try next(value) }
    graph.addOutput("y", value)
    return try VerifiedGraph(graph)
  }

  private mutating func next(_ value: ValueID) throws -> ValueID {
    let vector = graph.addConstant("v\(graph.nodes.count)", random.tensor([1, outputs, 1, 1]))
    let plane = planes.randomElement(using: &random) ?? value
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return try graph.apply(Add(), value, vector)
    case 1: return try graph.apply(Add(), vector, value)
    case 2: return try graph.apply(Subtract(), value, vector)
    case 3: return try graph.apply(Subtract(), vector, value)
    case 4: return try graph.apply(Multiply(), value, plane)
    case 5: return try graph.apply(Multiply(), plane, value)
    case 6: return try graph.apply(Multiply(), value, vector)
    case 7:
      graph.addOutput("middle\(graph.outputs.count)", value)
      return try graph.apply(Add(), value, value)
    default: return try divided(value, vector)
    }
  }

  private mutating func divided(_ value: ValueID, _ vector: ValueID) throws -> ValueID {
    let divisor = divisors.randomElement(using: &random) ?? value
    var result = try graph.apply(Divide(), value, divisor)
    if random.chance() { result = try graph.apply(Add(), result, vector) }
    let isHole = try graph.apply(Equal(), windowSum, zero)
    return try graph.apply(Select(), isHole, zero, result)
  }
}
