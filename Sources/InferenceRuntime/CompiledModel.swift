public import GraphIR
package import KernelLibrary
import Synchronization
package import TensorCore

/// A verified graph made ready for this processor: immutable, shared by any number of sessions.
public final class CompiledModel: Sendable {
  /// Reads the tensor of a constant that the graph does not hold.
  package typealias TensorReader = @Sendable (ValueID) throws(RuntimeError) -> Tensor

  let model: VerifiedGraph
  package let kernels: KernelTable
  /// How far rounding may go.
  public let tier: NumericTier
  /// The name of a transform that convolutions use wherever it applies, whatever it costs.
  let preferredTransform: String?
  private let cache = WeightCache()
  private let reader: TensorReader?
  /// The constants that the graph does not hold.
  private let storedElsewhere: Set<ValueID>
  /// Tensors that steps read as they are, and those that cannot be read anew. None is replaced:
  /// plans have their addresses.
  private let heldTensors: Mutex<[ValueID: Tensor]>

  /// Prepares `model` for the best kernels of this processor. Plans order its weights as they need.
  public convenience init(_ model: VerifiedGraph, tier: NumericTier = .near) {
    self.init(model, kernels: .preferred, tier: tier)
  }

  /// - Parameter reader: reads the tensors that the graph of `model` leaves where they are stored,
  ///   each as often as plans need another order of it; on several threads at once.
  package init(
    _ model: VerifiedGraph, kernels: KernelTable = .preferred, tier: NumericTier = .near,
    preferringTransform preferred: String? = nil, reading reader: TensorReader? = nil
  ) {
    self.model = model
    self.kernels = kernels
    self.tier = tier
    self.reader = reader
    storedElsewhere = Set(
      model.graph.constants.lazy.filter { $0.heldTensor == nil }.map(\.value))
    preferredTransform = preferred
    var tensors: [ValueID: Tensor] = [:]
    for constant in model.graph.constants { tensors[constant.value] = constant.heldTensor }
    for node in model.graph.nodes where node.operation is Fill {
      tensors[node.results[0]] = node.operation.evaluate([])[0]
    }
    heldTensors = Mutex(tensors)
  }

  /// A sentence about a `PCONV_ISA` that this processor cannot follow; nil when there is none.
  package static var instructionSetFault: String? {
    let names = KernelTable.supported.map(\.instructionSet)
    guard let requested = KernelTable.requested, !names.contains(requested) else { return nil }
    let known = names.joined(separator: ", ")
    return "the instruction set asked for is '\(requested)'; this processor runs \(known)"
  }

  /// The instruction set of the kernels that run it.
  public var instructionSet: String { kernels.instructionSet }

  /// Bytes of all weights that plans have made.
  package var packedWeightByteCount: Int { cache.byteCount }

  /// Bytes of the tensors that are held in the graph's own order.
  package var heldTensorByteCount: Int {
    heldTensors.withLock { $0.values.reduce(0) { $0 + $1.byteCount } }
  }

  /// The tensor of a constant or a fill when it is in memory.
  func heldTensor(_ value: ValueID) -> Tensor? { heldTensors.withLock { $0[value] } }

  /// The tensor of a constant or a fill, which stays in memory from then on; nil when `value` is
  /// neither.
  ///
  /// - Throws: `RuntimeError.unreadableModel`.
  func constant(_ value: ValueID) throws(RuntimeError) -> Tensor? {
    guard let tensor = try tensor(value) else { return nil }
    return heldTensors.withLock { tensors in
      let held = tensors[value] ?? tensor
      tensors[value] = held
      return held
    }
  }

  /// The packed weights of a node, one for each group of output channels; nil when they are
  /// computed, or no kernel takes them.
  ///
  /// - Throws: `RuntimeError.unreadableModel`.
  func weights(of node: Node) throws(RuntimeError) -> [PackedWeights]? {
    try weights(of: node) { use in
      .packed(arithmetic: use.arithmetic, parts: use.parts, groups: use.groups)
    } making: { use, tensor in
      let (matrix, outputs) = (use.matrix(tensor), tensor.shape[0] / use.groups)
      let kernel = kernels.kernel(use.arithmetic, outputs: outputs)
      return (0..<use.groups).map { group in
        PackedWeights(
          matrix, outputs: group * outputs..<(group + 1) * outputs, parts: use.parts,
          kernel: kernel)
      }
    }
  }

  /// The weights of a convolution that runs by rows; nil when they are computed.
  ///
  /// - Throws: `RuntimeError.unreadableModel`.
  func rowWeights(of node: Node) throws(RuntimeError) -> RowWeights? {
    try weights(of: node) { _ in
      .rows
    } making: { use, tensor in
      RowWeights(use.matrix(tensor))
    }
  }

  /// The packed weights of a convolution whose windows are joined, `[O, kh · kw · C]`; nil when they
  /// are computed.
  ///
  /// - Throws: `RuntimeError.unreadableModel`.
  func windowWeights(of node: Node) throws(RuntimeError) -> PackedWeights? {
    try weights(of: node) { use in
      .window(use.arithmetic)
    } making: { use, tensor in
      let outputs = tensor.shape[0]
      let matrix = use.matrix(tensor).transposed([0, 2, 3, 1])
        .reshaped(to: [outputs, tensor.elementCount / outputs, 1, 1])
      let kernel = kernels.kernel(use.arithmetic, outputs: outputs)
      return [PackedWeights(matrix, outputs: 0..<outputs, kernel: kernel)]
    }?.first
  }

  /// The weights of a partial convolution that runs split.
  ///
  /// - Parameter channels: of its parts.
  /// - Throws: `RuntimeError.unreadableModel`.
  func splitWeights(
    of node: Node, _ operation: PartialConvolution, channels: [Int]
  ) throws(RuntimeError) -> UpsamplingSplit? {
    try weights(of: node) { use in
      .split(
        use.arithmetic, upsampling: operation.parts.map(\.upsampling), channels: channels)
    } making: { use, tensor in
      UpsamplingSplit(
        operation, channels: channels, weights: use.matrix(tensor), use.arithmetic,
        kernels: kernels)
    }
  }

  /// The weights of a convolution in a transform domain; nil when its numbers have no transforms or
  /// the system refuses the memory.
  ///
  /// - Throws: `RuntimeError.unreadableModel`.
  func weights(
    of node: Node, _ transform: ConvolutionTransform
  ) throws(RuntimeError) -> TransformWeights? {
    try weights(of: node) { use in
      .transformed(use.arithmetic, transform)
    } making: { use, tensor in
      guard let table = kernels.transforms(use.arithmetic) else { return nil }
      return TransformWeights(
        use.matrix(tensor), transform, kernel: kernels.matrixProduct(use.arithmetic), table: table
      ) { pieceCount, body in
        for piece in 0..<pieceCount { body(piece) }
      }
    }
  }

  /// One form of the weights of a node, made from its tensor, which is not kept.
  private func weights<Weights: KernelWeights>(
    of node: Node, form: (WeightUse) -> WeightCache.Key.Form,
    making make: (WeightUse, Tensor) -> Weights?
  ) throws(RuntimeError) -> Weights? {
    guard let use = WeightUse(node, in: model.graph) else { return nil }
    let value = node.inputs[use.input]
    return try cache.weights(
      .init(value: value, form: form(use))
    ) { () throws(RuntimeError) in
      try tensor(value).flatMap { make(use, $0) }
    }
  }

  /// The tensor of a constant or a fill, held or read; nil when `value` is neither.
  private func tensor(_ value: ValueID) throws(RuntimeError) -> Tensor? {
    if let held = heldTensor(value) { return held }
    guard let reader, storedElsewhere.contains(value) else { return nil }
    return try reader(value)
  }
}
