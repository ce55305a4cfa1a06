import GraphIR
import KernelLibrary
public import TensorCore

extension CompiledModel {
  /// Makes a session that runs this model on `threads` threads; all available processors when nil.
  ///
  /// - Parameter retention: what runs leave in memory for the next.
  public func makeSession(threads: Int? = nil, retaining retention: Retention = .partial) -> Session
  {
    Session(self, threadCount: max(threads ?? ProcessorCount.available, 1), retention)
  }
}

/// Runs one model, keeping memory and threads between runs. Used by one thread at a time; any
/// number of sessions may share a model.
public final class Session {
  /// Memory that a session and its model hold, in bytes.
  public struct MemoryReport: Hashable, Sendable {
    /// Activations, scratch space and latest results of all plans that the session keeps.
    public let arenaByteCount: Int
    /// Weights in kernel order, shared by all sessions of the model.
    public let packedWeightByteCount: Int
    /// Tensors in the model's own order, shared like them: all of those that did not come from a
    /// file, else such as steps read as they are.
    public let heldTensorByteCount: Int
  }

  /// One input's element type and shape.
  private struct Shape: Hashable {
    let elementType: ElementType
    let shape: [Int]
  }

  private static let keptPlanCount = 2

  private let model: CompiledModel
  private let retention: Retention
  private let pool: ThreadPool
  private var plans: [(shapes: [Shape], plan: Plan)] = []
  /// Seconds that the plans made so far took, weights that were made for them included.
  public private(set) var planningSeconds = 0.0

  init(_ model: CompiledModel, threadCount: Int, _ retention: Retention) {
    self.model = model
    self.retention = retention
    pool = ThreadPool(threadCount: threadCount)
  }

  /// Threads that a run uses.
  public var threadCount: Int { pool.threadCount }

  /// Billions of `f32` multiply-adds per second that one thread could reach if memory were free.
  public var peakRate: Double {
    PeakRate.ofTile(model.kernels.matrixProduct, threads: threadCount)
  }

  public var memoryReport: MemoryReport {
    MemoryReport(
      arenaByteCount: plans.reduce(0) { $0 + $1.plan.byteCount },
      packedWeightByteCount: model.packedWeightByteCount,
      heldTensorByteCount: model.heldTensorByteCount)
  }

  /// Runs the model on `inputs`, by name or alias, and returns its outputs in the model's order.
  ///
  /// Bits do not depend on the number of threads, nor on which pixels are wanted. The first run on
  /// new shapes plans them; the two latest plans are kept.
  /// - Parameter wanted: for outputs by name, the pixels that matter: only what they follow from is
  ///   computed, the others are zeros. An output that is not listed matters everywhere.
  /// - Throws: `RuntimeError` for missing, unknown or repeated names, wrong shapes or types, and
  ///   when memory runs out.
  public func run(
    _ inputs: [String: Tensor], wanted: [String: PixelSet] = [:]
  ) throws(RuntimeError) -> [(name: String, tensor: Tensor)] {
    let tensors = try ordered(inputs)
    let plan = try plan(for: tensors)
    try check(wanted, plan)
    plan.run(plan.prepare(tensors, wanted: wanted, on: pool), on: pool)
    return plan.results(wanted: wanted, on: pool)
  }

  /// What one step of one run took.
  public struct StepTime: Sendable {
    /// The layer and its operation.
    public let label: String
    /// How a convolution is computed; empty for other work.
    public let algorithm: String
    /// From the start of the run.
    public let start: Double
    public let seconds: Double
    /// Processor time of all threads.
    public let processorSeconds: Double
    /// 0 where nobody counts them.
    public let multiplyAdds: Int
  }

  /// Times each step of one run.
  public func profile(_ inputs: [String: Tensor]) throws(RuntimeError) -> [StepTime] {
    try timedRun(inputs).steps
  }

  /// Runs the model as `run` does and times each step.
  public func timedRun(
    _ inputs: [String: Tensor], wanted: [String: PixelSet] = [:]
  ) throws(RuntimeError) -> (outputs: [(name: String, tensor: Tensor)], steps: [StepTime]) {
    let tensors = try ordered(inputs)
    let plan = try plan(for: tensors)
    try check(wanted, plan)
    let steps = plan.prepare(tensors, wanted: wanted, on: pool)
    let clock = ContinuousClock()
    var times: [(wall: ContinuousClock.Instant, processor: Double)] = []
    plan.run(steps, on: pool) { _ in times.append((clock.now, Processor.processSeconds)) }
    let seconds = { (duration: Duration) in
      Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
    let stepTimes = steps.enumerated().map { index, step in
      StepTime(
        label: step.label, algorithm: step.algorithm,
        start: seconds(times[index].wall - times[0].wall),
        seconds: seconds(times[index + 1].wall - times[index].wall),
        processorSeconds: times[index + 1].processor - times[index].processor,
        multiplyAdds: step.multiplyAdds)
    }
    return (plan.results(wanted: wanted, on: pool), stepTimes)
  }

  /// Refuses pixels of outputs that the model does not have.
  private func check(_ wanted: [String: PixelSet], _ plan: Plan) throws(RuntimeError) {
    let frames = plan.outputFrames
    for (name, pixels) in wanted {
      guard let frame = frames[name] else {
        let names = frames.keys.sorted().joined(separator: ", ")
        throw RuntimeError(.unknownOutput, "the model has no output '\(name)'; it has \(names)")
      }
      guard pixels.frame == frame else {
        throw RuntimeError(
          .badShape,
          "the pixels wanted of '\(name)' are of \(pixels.frame), the output is \(frame): make them "
            + "of its size")
      }
    }
  }

  private func plan(for tensors: [Tensor]) throws(RuntimeError) -> Plan {
    let shapes = tensors.map { Shape(elementType: $0.elementType, shape: $0.shape) }
    if let index = plans.firstIndex(where: { $0.shapes == shapes }) {
      let found = plans.remove(at: index)
      plans.append(found)
      return found.plan
    }
    if plans.count == Self.keptPlanCount { plans.removeFirst() }
    let start = ContinuousClock.now
    let plan = try Plan(
      model, inputs: shapes.map { ($0.elementType, $0.shape) }, pool: pool,
      retention: retention)
    planningSeconds += (ContinuousClock.now - start) / .seconds(1)
    plans.append((shapes, plan))
    return plan
  }

  private func ordered(_ inputs: [String: Tensor]) throws(RuntimeError) -> [Tensor] {
    let declared = model.model.graph.inputs
    let names = declared.map(\.name).joined(separator: ", ")
    var rest = inputs
    var tensors: [Tensor] = []
    for input in declared {
      let found = ([input.name] + input.aliases).filter { rest[$0] != nil }
      guard let name = found.first, let tensor = rest.removeValue(forKey: name) else {
        throw RuntimeError(
          .missingInput, "input '\(input.name)' \(input.type) is missing; the model takes \(names)")
      }
      guard found.count == 1 else {
        throw RuntimeError(
          .duplicateInput, "input '\(input.name)' is given as \(found.joined(separator: " and "))")
      }
      tensors.append(tensor)
    }
    if let name = rest.keys.min() {
      throw RuntimeError(.unknownInput, "the model has no input '\(name)'; it takes \(names)")
    }
    return tensors
  }
}
