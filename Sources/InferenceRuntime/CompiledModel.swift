public import GraphIR
package import KernelLibrary
import TensorCore

/// A verified graph made ready for this processor: immutable, shared by any number of sessions.
public final class CompiledModel: Sendable {
  let model: VerifiedGraph
  package let kernels: KernelTable
  /// How far rounding may go.
  public let tier: NumericTier
  /// The name of a transform that convolutions use wherever it applies, whatever it costs.
  let preferredTransform: String?
  private let cache = WeightCache()
  private let constants: [ValueID: Tensor]

  /// Prepares `model` for the best kernels of this processor. Plans order its weights as they need.
  public convenience init(_ model: VerifiedGraph, tier: NumericTier = .near) {
    self.init(model, kernels: .preferred, tier: tier)
  }

  package init(
    _ model: VerifiedGraph, kernels: KernelTable, tier: NumericTier = .near,
    preferringTransform preferred: String? = nil
  ) {
    self.model = model
    self.kernels = kernels
    self.tier = tier
    preferredTransform = preferred
    var constants = Dictionary(
      uniqueKeysWithValues: model.graph.constants.map { ($0.value, $0.tensor) })
    for node in model.graph.nodes where node.operation is Fill {
      constants[node.results[0]] = node.operation.evaluate([])[0]
    }
    self.constants = constants
  }

  /// A sentence about a `PCONV_ISA` that this processor cannot follow; nil when there is none.
  package static var instructionSetFault: String? {
    let names = KernelTable.supported.map(\.instructionSet)
    guard let requested = KernelTable.requested, !names.contains(requested) else { return nil }
    return
      "the instruction set asked for is '\(requested)'; this processor runs \(names.joined(separator: ", "))"
  }

  /// The instruction set of the kernels that run it.
  public var instructionSet: String { kernels.instructionSet }

  /// Bytes of all weights that plans have made.
  package var packedWeightByteCount: Int { cache.byteCount }

  /// The tensor of a constant or a fill; nil when `value` is none.
  func constant(_ value: ValueID) -> Tensor? { constants[value] }

  /// The packed weights of a node, of one group of output channels; nil when they are computed, or
  /// no kernel takes them.
  func weights(of node: Node, group: Int = 0) -> PackedWeights? {
    guard let (use, tensor) = weightUse(of: node) else { return nil }
    let outputs = tensor.shape[0] / use.groups
    let kernel = kernels.kernel(use.arithmetic, outputs: outputs)
    let form = WeightCache.Key.Form.packed(kernel: kernel.name, parts: use.parts, group: group)
    return cache.weights(.init(value: node.inputs[use.input], form: form)) {
      PackedWeights(
        use.matrix(tensor), outputs: group * outputs..<(group + 1) * outputs, parts: use.parts,
        kernel: kernel)
    }
  }

  /// The weights of a partial convolution that runs split.
  ///
  /// - Parameter channels: of its parts.
  func splitWeights(
    of node: Node, _ operation: PartialConvolution, channels: [Int]
  ) -> UpsamplingSplit? {
    guard let (use, tensor) = weightUse(of: node) else { return nil }
    let form = WeightCache.Key.Form.split(
      use.arithmetic, upsampling: operation.parts.map(\.upsampling), channels: channels)
    return cache.weights(.init(value: node.inputs[use.input], form: form)) {
      UpsamplingSplit(
        operation, channels: channels, weights: use.matrix(tensor), use.arithmetic,
        kernels: kernels)
    }
  }

  /// The weights of a convolution in a transform domain, made on `pool`; nil when its numbers have
  /// no transforms or the system refuses the memory.
  func weights(
    of node: Node, _ transform: ConvolutionTransform, on pool: ThreadPool
  ) -> TransformWeights? {
    guard let (use, tensor) = weightUse(of: node),
      let table = kernels.transforms(use.arithmetic)
    else { return nil }
    let form = WeightCache.Key.Form.transformed(use.arithmetic, transform)
    return cache.weights(.init(value: node.inputs[use.input], form: form)) {
      TransformWeights(
        use.matrix(tensor), transform, kernel: kernels.matrixProduct(use.arithmetic), table: table
      ) { pieceCount, body in
        pool.run(pieceCount: pieceCount) { piece, _ in body(piece) }
      }
    }
  }

  private func weightUse(of node: Node) -> (use: WeightUse, tensor: Tensor)? {
    guard let use = WeightUse(node, in: model.graph),
      let tensor = constants[node.inputs[use.input]]
    else { return nil }
    return (use, tensor)
  }
}
