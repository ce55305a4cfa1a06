import Glibc
import GraphIR
public import InferenceRuntime
import ModelFile
public import ModelImport
public import TensorCore

/// A converted model, ready to run: immutable, shared by any number of sessions and threads.
public struct Model: Sendable {
  /// An input or output that callers name.
  public struct Port: Sendable {
    public let name: String
    /// Other names that inputs may be given under, such as the source framework's own.
    public let aliases: [String]
    /// Element type and shape as text, such as `f32[N,3,H,W]`.
    public let type: String
  }

  public let inputs: [Port]
  public let outputs: [Port]
  /// Name of the network description that the model was made from.
  public let network: String
  public let title: String
  /// How pictures go in and out; nil for networks that do not take pictures.
  public let processing: PictureProcessing?
  /// What the file holds, but for the weights.
  let stored: StoredModel
  let compiled: CompiledModel
  /// What `load` took.
  private(set) var loadSeconds = 0.0

  /// How far rounding may go for speed.
  public var tier: NumericTier { compiled.tier }
  /// The instruction set of the kernels that run it.
  public var instructionSet: String { compiled.instructionSet }

  /// Opens a model file and prepares it for this processor.
  ///
  /// The weights stay in the file, which stays open and may be renamed, replaced or removed. A run
  /// reads those that it needs in another order than earlier runs, and checks their digests.
  /// - Parameters:
  ///   - verifyingTensors: whether the digests of all weights are checked before this returns, too.
  ///   - tier: how far rounding may go for speed.
  /// - Throws: `PartialConvError` when the file cannot be read, is damaged, or is of a newer version.
  public static func load(
    _ path: String, verifyingTensors: Bool = false, tier: NumericTier = .near
  ) throws(PartialConvError) -> Model {
    if let fault = CompiledModel.instructionSetFault { throw PartialConvError(.usage, fault) }
    let start = ContinuousClock.now
    var model = try reporting { () throws(ModelFileError) in
      let (stored, tensors) = try ModelFileReader.open(path)
      if verifyingTensors { try tensors.verify() }
      return Model(stored, tensors, tier: tier)
    }
    model.loadSeconds = (ContinuousClock.now - start) / .seconds(1)
    return model
  }

  /// Makes models that are loaded from now on run on the kernels of the instruction set `name`, as
  /// the environment variable `PCONV_ISA` does. To be called once, before anything else.
  ///
  /// - Throws: `PartialConvError` of kind `usage` when this processor does not run them.
  public static func selectInstructionSet(_ name: String) throws(PartialConvError) {
    unsafe setenv("PCONV_ISA", name, 1)
    if let fault = CompiledModel.instructionSetFault { throw PartialConvError(.usage, fault) }
  }

  private init(_ stored: StoredModel, _ tensors: StoredTensors, tier: NumericTier) {
    let graph = stored.graph.graph
    inputs = graph.inputs.map {
      Port(name: $0.name, aliases: $0.aliases, type: $0.type.description)
    }
    outputs = graph.outputs.map { output in
      Port(
        name: output.name, aliases: [], type: stored.graph.type(of: output.value).description)
    }
    network = stored.provenance.family
    title = stored.provenance.title
    processing = PictureProcessing(settings: stored.processing.map { ($0.name, $0.value) })
    self.stored = stored
    compiled = CompiledModel(stored.graph, tier: tier) { value throws(RuntimeError) in
      do throws(ModelFileError) {
        return try tensors.tensor(of: value)
      } catch {
        throw RuntimeError(.unreadableModel, error.description)
      }
    }
  }

  /// Makes a session; all processors that this process may use when `threads` is nil.
  ///
  /// - Parameter retention: what runs leave in memory for the next: `.partial` for pictures under
  ///   one mask, `.everything` for edits of one picture, `.nothing` to compute every run anew.
  public func makeSession(
    threads: Int? = nil, retaining retention: Retention = .partial
  ) -> ModelSession {
    ModelSession(self, threads: threads, retention)
  }

  /// Whether a picture that comes out has the rows and columns of the one that goes in.
  var keepsPictureSize: Bool {
    let graph = stored.graph.graph
    let sizes =
      (graph.inputs.prefix(1).map(\.type)
      + graph.outputs.prefix(1).map {
        stored.graph.type(of: $0.value)
      }).map { type in
        type.rank == 4 ? Array(type.dimensions[type.layout == .nhwc ? 1..<3 : 2..<4]) : []
      }
    return sizes.count == 2 && sizes[0] == sizes[1] && !sizes[0].isEmpty
  }

  /// The name of the input that `name` addresses, or nil.
  public func inputName(_ name: String) -> String? {
    inputs.first { $0.name == name || $0.aliases.contains(name) }?.name
  }

  /// The multiples that rows and columns of pictures must have, or the one size they must have.
  var pictureSize: PictureSize { PictureSize(stored.graph.graph) }
}

/// Runs one model on one thread of the caller, with threads of its own; sessions are independent.
public final class ModelSession {
  public let model: Model
  private let session: Session

  init(_ model: Model, threads: Int?, _ retention: Retention) {
    self.model = model
    session = model.compiled.makeSession(threads: threads, retaining: retention)
  }

  /// Threads that a run uses.
  public var threadCount: Int { session.threadCount }

  /// Whether runs time their steps, which costs a little.
  public var recordsTimes = false
  /// The steps of the latest run that was timed.
  public private(set) var latestTimes: [Session.StepTime] = []
  /// Billions of multiply-adds per second that one thread could reach if memory were free, measured
  /// while all of the session's threads run.
  public var peakRate: Double { session.peakRate }
  /// Seconds that loading the model took, and since then making the plans of this session's runs
  /// and their weights: after the first run, how long the model kept it waiting.
  public var preparationSeconds: Double { model.loadSeconds + session.planningSeconds }
  /// Memory that the session and its model hold.
  public var memoryReport: Session.MemoryReport { session.memoryReport }

  /// Computes the outputs, in the model's order, from `f32` arrays by name or alias.
  ///
  /// Shapes and layout are the source framework's: `[N, H, W, C]` for Keras, `[N, C, H, W]` for
  /// PyTorch. The bits do not depend on the number of threads, nor on which pixels are wanted.
  /// - Parameter wanted: for outputs by name, the pixels that matter: only what they follow from is
  ///   computed, the others are zeros. An output that is not listed matters everywhere.
  /// - Throws: `PartialConvError` of kind `mismatch` when an array is missing, unknown or misshapen,
  ///   or wanted pixels are of another size; of kind `unreadable` when the weights in the model's
  ///   file are damaged.
  public func run(
    _ inputs: [String: Tensor], wanted: [String: PixelSet] = [:]
  ) throws(PartialConvError) -> [(name: String, tensor: Tensor)] {
    guard recordsTimes else {
      return try reporting { () throws(RuntimeError) in try session.run(inputs, wanted: wanted) }
    }
    let (outputs, steps) = try reporting { () throws(RuntimeError) in
      try session.timedRun(inputs, wanted: wanted)
    }
    latestTimes = steps
    return outputs
  }
}
