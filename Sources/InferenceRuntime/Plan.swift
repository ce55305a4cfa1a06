import GraphIR
import KernelLibrary
import TensorCore

/// A model laid out in memory for inputs of given shapes, with the steps that run it.
struct Plan {
  private let model: CompiledModel
  private let arena: Arena
  private let threadScratch: Arena
  private let scratchByteCount: Int
  private let inputs: [(layout: ValueLayout, region: MemoryRegion)]
  private let outputs: [(name: String, layout: ValueLayout, region: MemoryRegion)]
  let steps: [Step]
  /// Scratch space of different threads shares no page.
  private static let pageSize = 4096

  /// Bytes of values and scratch space.
  var byteCount: Int { arena.byteCount + threadScratch.byteCount }

  /// Makes the weights that its algorithms need and that `model` does not have yet, on `pool`.
  ///
  /// - Throws: `RuntimeError.badShape`, `.badElementType`, or `.outOfMemory` when the system
  ///   refuses the arena.
  init(
    _ model: CompiledModel, inputs: [(elementType: ElementType, shape: [Int])], pool: ThreadPool
  ) throws(RuntimeError) {
    let graph = model.model.graph
    let layouts = try ShapeBinding.layouts(of: model.model, inputs: inputs)
    let lowerings = Self.lowerings(of: model, layouts, pool)
    let sizeConstants = SizeConstants(graph)
    let memory = MemoryPlan(
      graph: graph, layouts: layouts, lowerings: lowerings, kept: sizeConstants.kept)
    let arena = try Self.allocate(memory.byteCount)
    let region = { Self.region(of: $0, memory, arena, model) }
    var (steps, preparation): ([Step], [Step]) = ([], [])
    for (index, node) in graph.nodes.enumerated() {
      let scratch = memory.scratchPlace(ofNode: index)
      let bound = lowerings[index].bind(
        NodeMemory(
          inputs: node.inputs.map(region), outputs: node.results.map(region),
          scratch: arena.region.slice(at: scratch.offset, byteCount: scratch.byteCount)))
      let isFixed = node.results.allSatisfy(sizeConstants.values.contains)
      if isFixed { preparation += bound } else { steps += bound }
    }
    self.steps = steps
    self.model = model
    self.arena = arena
    let widest = (steps + preparation).map(\.scratchByteCount).max() ?? 0
    let scratchByteCount = (widest + Self.pageSize - 1) / Self.pageSize * Self.pageSize
    self.scratchByteCount = scratchByteCount
    threadScratch = try Self.allocate(scratchByteCount * pool.threadCount)
    self.inputs = graph.inputs.compactMap { input in
      layouts[input.value].map { ($0, region(input.value)) }
    }
    outputs = graph.outputs.compactMap { output in
      layouts[output.value].map { (output.name, $0, region(output.value)) }
    }
    for step in preparation { step.runAll(scratch: threadScratch.region) }
  }

  /// Runs every step on `tensors`, which have the plan's shapes.
  ///
  /// - Parameter observe: called before each step with its index and once at the end; for timing.
  func run(
    _ tensors: [Tensor], on pool: ThreadPool, observe: ((Int) -> Void)? = nil
  ) -> [(name: String, tensor: Tensor)] {
    for (tensor, input) in zip(tensors, inputs) {
      TensorTransfer.store(tensor, as: input.layout, into: input.region)
    }
    let (scratch, size) = (threadScratch.region, scratchByteCount)
    for (index, step) in steps.enumerated() {
      observe?(index)
      pool.run(pieceCount: step.pieceCount) { piece, worker in
        step.run(piece, scratch.slice(at: worker * size, byteCount: size))
      }
    }
    observe?(steps.count)
    return outputs.map { ($0.name, TensorTransfer.tensor($0.layout, from: $0.region)) }
  }

  private static func lowerings(
    of model: CompiledModel, _ layouts: [ValueID: ValueLayout], _ pool: ThreadPool
  ) -> [Lowering] {
    model.model.graph.nodes.map { node in
      LoweringContext(
        node: node, inputs: node.inputs.compactMap { layouts[$0] },
        outputs: node.results.compactMap { layouts[$0] }, model: model, pool: pool
      ).lowering()
    }
  }

  private static func region(
    of value: ValueID, _ memory: MemoryPlan, _ arena: Arena, _ model: CompiledModel
  ) -> MemoryRegion {
    if let place = memory.place(of: value) {
      return arena.region.slice(at: place.offset, byteCount: place.byteCount)
    }
    guard let tensor = model.constant(value) else {
      preconditionFailure("\(value) has neither memory nor a tensor")
    }
    return tensor.storage.region
  }

  private static func allocate(_ byteCount: Int) throws(RuntimeError) -> Arena {
    guard let arena = Arena(byteCount: byteCount) else {
      throw RuntimeError(
        .outOfMemory, "these inputs need \(byteCount) bytes of memory: use smaller ones")
    }
    return arena
  }
}
