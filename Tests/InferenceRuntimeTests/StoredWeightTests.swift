import GraphIR
import InferenceRuntime
import KernelLibrary
import Synchronization
import TensorCore
import Testing

/// The tensors of a graph, kept apart from it, and how often each was read.
private final class TensorStore: Sendable {
  let graph: VerifiedGraph
  private let tensors: [ValueID: Tensor]
  private let reads = Mutex<[ValueID: Int]>([:])
  private let isBroken = Mutex(false)

  init(_ whole: VerifiedGraph) throws {
    var graph = whole.graph
    tensors = Dictionary(
      uniqueKeysWithValues: graph.constants.map { ($0.value, $0.tensor) })
    graph.constants = graph.constants.map {
      Graph.Constant(name: $0.name, value: $0.value, leaving: $0.type)
    }
    self.graph = try VerifiedGraph(graph)
  }

  func read(_ value: ValueID) throws(RuntimeError) -> Tensor {
    guard !isBroken.withLock({ $0 }), let tensor = tensors[value] else {
      throw RuntimeError(.unreadableModel, "\(value) is gone")
    }
    reads.withLock { $0[value, default: 0] += 1 }
    return tensor
  }

  /// Whether every later reading fails.
  func setBroken(_ value: Bool) { isBroken.withLock { $0 = value } }

  func readCount(of name: String) -> Int? {
    graph.graph.constants.first { $0.name == name }.map { constant in
      reads.withLock { $0[constant.value] ?? 0 }
    }
  }

  var largestReadCount: Int { reads.withLock { $0.values.max() ?? 0 } }

  func model(_ kernels: KernelTable = .preferred, tier: NumericTier = .near) -> CompiledModel {
    CompiledModel(graph, kernels: kernels, tier: tier) { value throws(RuntimeError) in
      try self.read(value)
    }
  }
}

@Suite struct StoredWeightTests {
  @Test func `gives the bits of a model that holds its weights, at two sizes in turn`() throws {
    let whole = try SmallUNet.graph()
    for kernels in KernelTable.supported {
      let store = try TensorStore(whole)
      let session = store.model(kernels).makeSession(threads: 2)
      let held = CompiledModel(whole, kernels: kernels).makeSession(threads: 1)
      for size in [32, 8, 32, 16] {
        let inputs = SmallUNet.inputs(size: size, seed: 1)
        #expect(try session.run(inputs).map(\.tensor) == held.run(inputs).map(\.tensor))
      }
    }
  }

  @Test func `keeps of its tensors only those that steps read as they are`() throws {
    let store = try TensorStore(SmallUNet.graph())
    let session = store.model(tier: .exact).makeSession(threads: 2)
    _ = try session.run(SmallUNet.inputs(size: 8, seed: 2))
    _ = try session.run(SmallUNet.inputs(size: 16, seed: 2))
    let report = session.memoryReport
    #expect(report.heldTensorByteCount > 0)
    #expect(report.heldTensorByteCount < report.packedWeightByteCount / 20)
    #expect(store.largestReadCount == 1)
    let whole = CompiledModel(try SmallUNet.graph()).makeSession(threads: 1).memoryReport
    #expect(whole.heldTensorByteCount > 20 * report.heldTensorByteCount)
  }

  @Test func `reads a weight again when another size wants another order of it`() throws {
    let store = try TensorStore(wideLayer())
    let session = store.model().makeSession(threads: 2)
    var algorithms: Set<String> = []
    for size in [2, 64, 2, 64, 2] {
      let picture = Tensor(
        [Float](repeating: 0.5, count: 64 * size * size), shape: [1, 64, size, size])
      let steps = try session.profile(["picture": picture])
      algorithms.formUnion(steps.map(\.algorithm).filter { !$0.isEmpty })
    }
    #expect(algorithms == ["direct", "f4x3"])
    #expect(store.readCount(of: "weights") == 2)
  }

  @Test func `reads grouped weights once for all groups`() throws {
    var random = SeededGenerator(seed: 4)
    var graph = Graph(name: "groups")
    let size = Dimension.fixed(9)
    let picture = graph.addInput("picture", .image(.fixed(1), 12, size, size))
    let weights = graph.addConstant("weights", random.tensor([24, 2, 3, 3]))
    graph.addOutput("sums", try graph.apply(Convolution(groups: 6), picture, weights))
    let whole = try VerifiedGraph(graph)
    let store = try TensorStore(whole)
    let inputs = ["picture": random.tensor([1, 12, 9, 9])]
    let expected = try CompiledModel(whole).makeSession(threads: 1).run(inputs).map(\.tensor)
    #expect(try store.model().makeSession(threads: 2).run(inputs).map(\.tensor) == expected)
    #expect(store.readCount(of: "weights") == 1)
  }

  @Test func `rejects a run whose weights cannot be read, and takes it when they can`() throws {
    let whole = try SmallUNet.graph()
    let store = try TensorStore(whole)
    let session = store.model().makeSession(threads: 2)
    let inputs = SmallUNet.inputs(size: 16, seed: 3)
    store.setBroken(true)
    let error = #expect(throws: RuntimeError.self) { try session.run(inputs) }
    #expect(error?.code == .unreadableModel)
    #expect(error?.message.contains("is gone") == true)
    store.setBroken(false)
    let expected = try CompiledModel(whole).makeSession(threads: 1).run(inputs).map(\.tensor)
    #expect(try session.run(inputs).map(\.tensor) == expected)
    store.setBroken(true)
    #expect(try session.run(inputs).map(\.tensor) == expected)
  }

  /// One layer of 64 channels on pictures of any size.
  private func wideLayer() throws -> VerifiedGraph {
    var random = SeededGenerator(seed: 5)
    var graph = Graph(name: "wide")
    let (height, width) = (Dimension.symbol(Symbol("H")), Dimension.symbol(Symbol("W")))
    let picture = graph.addInput("picture", .image(.fixed(1), 64, height, width))
    let weights = graph.addConstant("weights", random.tensor([64, 64, 3, 3]))
    let operation = PartialConvolution(
      parts: [.init(isMasked: false, upsampling: 1)],
      convolution: Convolution(padding: [1, 1, 1, 1]), hasRatio: false, biasPlanes: [],
      activation: .relu)
    graph.addOutput("sums", try graph.apply(operation, picture, weights))
    return try VerifiedGraph(graph)
  }
}
