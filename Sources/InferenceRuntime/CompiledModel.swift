public import GraphIR
package import KernelLibrary
import TensorCore

/// A verified graph made ready for this processor: immutable, shared by any number of sessions.
public final class CompiledModel: Sendable {
  let model: VerifiedGraph
  package let kernels: KernelTable
  private let packedWeights: [WeightKey: PackedWeights]
  private let splits: [ValueID: UpsamplingSplit]
  private let constants: [ValueID: Tensor]

  /// Which form of which constant: a kernel's packing of one group of output channels.
  struct WeightKey: Hashable {
    let value: ValueID
    let kernel: String
    let group: Int
  }

  /// Packs the weights of `model` for the best kernels of this processor.
  public convenience init(_ model: VerifiedGraph) {
    self.init(model, kernels: .preferred)
  }

  package init(_ model: VerifiedGraph, kernels: KernelTable) {
    self.model = model
    self.kernels = kernels
    var constants = Dictionary(
      uniqueKeysWithValues: model.graph.constants.map { ($0.value, $0.tensor) })
    for node in model.graph.nodes where node.operation is Fill {
      constants[node.results[0]] = node.operation.evaluate([])[0]
    }
    self.constants = constants
    let splits = Self.splits(of: model.graph, constants, kernels)
    self.splits = splits
    var packed: [WeightKey: PackedWeights] = [:]
    for node in model.graph.nodes where splits[node.results[0]] == nil {
      guard let use = WeightUse(node.operation), let tensor = constants[node.inputs[use.input]]
      else { continue }
      let value = node.inputs[use.input]
      let matrix = use.matrix(tensor)
      let outputs = matrix.shape[0] / use.groups
      let kernel = WeightUse.kernel(in: kernels, outputs: outputs)
      for group in 0..<use.groups {
        let key = WeightKey(value: value, kernel: kernel.name, group: group)
        guard packed[key] == nil else { continue }
        packed[key] = PackedWeights(
          matrix, outputs: group * outputs..<(group + 1) * outputs, kernel: kernel)
      }
    }
    packedWeights = packed
  }

  /// The split weights of every node that has some, by its result.
  private static func splits(
    of graph: Graph, _ constants: [ValueID: Tensor], _ kernels: KernelTable
  ) -> [ValueID: UpsamplingSplit] {
    var splits: [ValueID: UpsamplingSplit] = [:]
    for node in graph.nodes {
      guard let operation = node.operation as? PartialConvolution else { continue }
      let arguments = operation.arguments(node.inputs)
      let types = arguments.pictures.compactMap { graph.type(of: $0) }
      let channels = types.compactMap { $0.dimensions[1].fixedValue }
      guard let weights = constants[arguments.weights], types.allSatisfy({ $0.layout == .nchw }),
        channels.count == operation.parts.count
      else { continue }
      splits[node.results[0]] = UpsamplingSplit(
        operation, channels: channels, weights: weights.convertedToFloat32(), kernels: kernels)
    }
    return splits
  }

  /// A sentence about a `PCONV_ISA` that this processor cannot follow; nil when there is none.
  package static var instructionSetFault: String? {
    let names = KernelTable.supported.map(\.instructionSet)
    guard let requested = KernelTable.requested, !names.contains(requested) else { return nil }
    return "PCONV_ISA is '\(requested)'; this processor runs \(names.joined(separator: ", "))"
  }

  /// Bytes of all packed weights.
  package var packedWeightByteCount: Int {
    packedWeights.values.reduce(0) { $0 + $1.byteCount }
      + splits.values.reduce(0) { $0 + $1.byteCount }
  }

  /// The tensor of a constant or a fill; nil when `value` is none.
  func constant(_ value: ValueID) -> Tensor? { constants[value] }

  /// The weights of a partial convolution that runs split; nil when it does not.
  func upsamplingSplit(of node: Node) -> UpsamplingSplit? { splits[node.results[0]] }

  /// The packed weights of a constant; nil when `value` is computed.
  func weights(_ value: ValueID, outputs: Int, group: Int = 0) -> PackedWeights? {
    let kernel = WeightUse.kernel(in: kernels, outputs: outputs)
    return packedWeights[WeightKey(value: value, kernel: kernel.name, group: group)]
  }
}

/// Where an operation takes weights of a matrix product, and how they are grouped.
struct WeightUse {
  let input: Int
  let groups: Int

  init?(_ operation: any GraphIR.Operation) {
    switch operation {
    case let convolution as Convolution: (input, groups) = (1, convolution.groups)
    case let partial as PartialConvolution where partial.convolution.groups == 1:
      (input, groups) = (partial.arguments(Array(0..<partial.inputCount)).weights, 1)
    case is Dense: (input, groups) = (1, 1)
    default: return nil
    }
  }

  /// The weights as `f32`, `[O, C, kh, kw]`.
  func matrix(_ tensor: Tensor) -> Tensor {
    let wide = tensor.convertedToFloat32()
    return wide.shape.count == 4 ? wide : wide.reshaped(to: wide.shape + [1, 1])
  }

  /// Dot products for few output channels, else matrix products.
  static func kernel(in kernels: KernelTable, outputs: Int) -> TileKernel {
    outputs <= kernels.dotProduct.columns ? kernels.dotProduct : kernels.matrixProduct
  }
}
