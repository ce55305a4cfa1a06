import GraphIR
import KernelLibrary
import Synchronization
import TensorCore

/// A model laid out in memory for inputs of given shapes, with the steps that run it.
final class Plan {
  private let model: CompiledModel
  private let arena: Arena
  private let threadScratch: Arena
  private let scratchByteCount: Int
  private let memory: [NodeMemory]
  private let lowerings: [Lowering]
  private let evaluator: Evaluator
  /// The steps of every node that compute its whole results.
  private let steps: [[Step]]
  private let inputs: [(value: ValueID, layout: ValueLayout, region: MemoryRegion)]
  private let outputs: [(output: Graph.Output, layout: ValueLayout, region: MemoryRegion)]
  private var latest = RunHistory()
  /// What the outputs of the latest run lie in, to be used again once nobody holds them.
  private var resultStorage: [AlignedStorage?]
  /// Scratch space of different threads shares no page.
  private static let pageSize = 4096

  /// Bytes of values, scratch space and the latest results.
  var byteCount: Int {
    resultStorage.reduce(arena.byteCount + threadScratch.byteCount) { $0 + ($1?.byteCount ?? 0) }
  }

  /// Makes the weights that its algorithms need and that `model` does not have yet, on `pool`.
  ///
  /// - Throws: `RuntimeError.badShape`, `.badElementType`, `.unreadableModel` when weights cannot
  ///   be read, or `.outOfMemory` when the system refuses the arena.
  init(
    _ model: CompiledModel, inputs: [(elementType: ElementType, shape: [Int])], pool: ThreadPool,
    retention: Retention
  ) throws(RuntimeError) {
    let graph = model.model.graph
    let layouts = try ShapeBinding.layouts(of: model.model, inputs: inputs)
    let lowerings = try Self.lowerings(of: model, layouts, pool)
    try Self.holdConstants(of: model, lowerings)
    let dependencies = InputDependencies(graph)
    var kept = dependencies.kept(retention)
    for (node, lowering) in zip(graph.nodes, lowerings).reversed() {
      guard case .alias(let input) = lowering.storage, kept.contains(node.results[0]) else {
        continue
      }
      kept.insert(node.inputs[input])
    }
    let places = MemoryPlan(graph: graph, layouts: layouts, lowerings: lowerings, kept: kept)
    let arena = try Self.allocate(places.byteCount)
    let region = { Self.region(of: $0, places, arena, model) }
    memory = graph.nodes.enumerated().map { index, node in
      let scratch = places.scratchPlace(ofNode: index)
      return NodeMemory(
        inputs: node.inputs.map(region), outputs: node.results.map(region),
        scratch: arena.region.slice(at: scratch.offset, byteCount: scratch.byteCount))
    }
    let steps = zip(lowerings, memory).map { $0.bind($1) }
    evaluator = Evaluator(
      graph: graph, layouts: layouts, units: lowerings.map(\.unit), kept: kept,
      dependencies: dependencies)
    self.model = model
    self.arena = arena
    self.lowerings = lowerings
    self.steps = steps
    let widest = steps.joined().map(\.scratchByteCount).max() ?? 0
    let scratchByteCount = (widest + Self.pageSize - 1) / Self.pageSize * Self.pageSize
    self.scratchByteCount = scratchByteCount
    threadScratch = try Self.allocate(scratchByteCount * pool.threadCount)
    self.inputs = graph.inputs.compactMap { input in
      layouts[input.value].map { (input.value, $0, region(input.value)) }
    }
    outputs = graph.outputs.compactMap { output in
      layouts[output.value].map { (output, $0, region(output.value)) }
    }
    resultStorage = outputs.map { _ in nil }
  }

  /// The frame of each output.
  var outputFrames: [String: PixelSet.Frame] {
    Dictionary(uniqueKeysWithValues: outputs.map { ($0.output.name, $0.layout.frame) })
  }

  /// Copies `tensors`, which have the plan's shapes, into memory, on `pool`.
  ///
  /// - Parameter wanted: the pixels to compute of outputs; all of those that are not listed.
  /// - Returns: the steps that compute the outputs, to be run at once.
  func prepare(
    _ tensors: [Tensor], wanted: [String: PixelSet] = [:], on pool: ThreadPool
  ) -> [Step] {
    for (tensor, input) in zip(tensors, inputs) {
      TensorTransfer.store(tensor, as: input.layout, into: input.region, on: pool)
    }
    return latest.steps(
      evaluator, inputs: zip(inputs, tensors).map { ($0.value, $1) },
      wanted: outputs.reduce(into: [:]) { $0[$1.output.value] = wanted[$1.output.name] }
    ) { node, pixels in
      guard !pixels.isAll else { return steps[node] }
      var memory = memory[node]
      memory.pixels = pixels
      return lowerings[node].bind(memory)
    }
  }

  /// Runs `steps` on `pool`.
  ///
  /// - Parameter observe: called before each step with its index and once at the end; for timing.
  func run(_ steps: [Step], on pool: ThreadPool, observe: ((Int) -> Void)? = nil) {
    let (scratch, size) = (threadScratch.region, scratchByteCount)
    for (index, step) in steps.enumerated() {
      observe?(index)
      pool.run(pieceCount: step.pieceCount) { piece, worker in
        step.run(piece, scratch.slice(at: worker * size, byteCount: size))
      }
    }
    observe?(steps.count)
  }

  /// Copies the outputs out of memory, on `pool`; zeros where they are not wanted.
  func results(
    wanted: [String: PixelSet] = [:], on pool: ThreadPool
  ) -> [(name: String, tensor: Tensor)] {
    outputs.indices.map { index in
      let (output, layout, region) = outputs[index]
      let tensor = TensorTransfer.tensor(
        layout, from: region, pixels: wanted[output.name], on: pool,
        reusing: &resultStorage[index])
      return (output.name, tensor)
    }
  }

  /// The lowerings of all nodes, made on `pool`, those with the largest weights first: reading and
  /// packing them is what takes time.
  private static func lowerings(
    of model: CompiledModel, _ layouts: [ValueID: ValueLayout], _ pool: ThreadPool
  ) throws(RuntimeError) -> [Lowering] {
    let graph = model.model.graph
    let nodes = graph.nodes
    let weightSizes = nodes.map { node in
      WeightUse(node, in: graph).flatMap { layouts[node.inputs[$0.input]]?.byteCount } ?? 0
    }
    let order = nodes.indices.sorted { (weightSizes[$0], $1) > (weightSizes[$1], $0) }
    let results = Mutex([Result<Lowering, RuntimeError>?](repeating: nil, count: nodes.count))
    pool.run(pieceCount: nodes.count) { piece, _ in
      let index = order[piece]
      let node = nodes[index]
      let context = LoweringContext(
        node: node, inputs: node.inputs.compactMap { layouts[$0] },
        outputs: node.results.compactMap { layouts[$0] }, model: model,
        threadCount: pool.threadCount)
      let result = Result { () throws(RuntimeError) in try context.lowering() }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { $0 }.map { result throws(RuntimeError) in
      guard let result else { preconditionFailure("a node was not lowered") }
      return try result.get()
    }
  }

  /// Has `model` hold the constants that steps read as they are.
  private static func holdConstants(
    of model: CompiledModel, _ lowerings: [Lowering]
  ) throws(RuntimeError) {
    let graph = model.model.graph
    for (node, lowering) in zip(graph.nodes, lowerings) {
      for (place, value) in node.inputs.enumerated() where place != lowering.packedInput {
        _ = try model.constant(value)
      }
    }
    for output in graph.outputs { _ = try model.constant(output.value) }
  }

  /// The memory of `value`; empty for a constant that no step reads.
  private static func region(
    of value: ValueID, _ memory: MemoryPlan, _ arena: Arena, _ model: CompiledModel
  ) -> MemoryRegion {
    if let place = memory.place(of: value) {
      return arena.region.slice(at: place.offset, byteCount: place.byteCount)
    }
    return model.heldTensor(value)?.storage.region ?? arena.region.slice(at: 0, byteCount: 0)
  }

  private static func allocate(_ byteCount: Int) throws(RuntimeError) -> Arena {
    guard let arena = Arena(byteCount: byteCount) else {
      throw RuntimeError(
        .outOfMemory, "these inputs need \(byteCount) bytes of memory: use smaller ones")
    }
    return arena
  }
}
