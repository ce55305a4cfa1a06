import GraphIR
import TensorCore
import Testing

@testable import GraphPasses

/// What a converter could get wrong, done to the first layer of a real network that has a batch
/// norm.
enum Sabotage: String, CaseIterable, CustomTestStringConvertible {
  case scaledWeight = "one weight changed by 1 percent"
  case transposedKernel = "rows and columns of a kernel swapped"
  case wrongEpsilon = "the epsilon of another framework"
  case shiftBeforeMask = "the shift of a batch norm placed before the mask"

  var testDescription: String { rawValue }

  /// The passes of a converter with this fault; nil where its fault is in the network.
  var pipeline: PassPipeline? {
    guard self == .shiftBeforeMask else { return nil }
    var passes = PassPipeline.standard.passes
    let fold = passes.firstIndex { $0.name == foldBatchNorm.name } ?? passes.endIndex - 1
    passes.insert(renormaliseShifts, at: fold + 1)
    return PassPipeline(passes)
  }

  /// The network with this fault; the same one where its fault is in the passes.
  func applied(to network: VerifiedGraph) throws -> VerifiedGraph {
    var graph = network.graph
    let victim = try #require(Victim(graph))
    let weights = graph.nodes[victim.convolution].inputs[1]
    let constant = try #require(graph.constants.firstIndex { $0.value == weights })
    let kernel = graph.constants[constant].tensor
    switch self {
    case .scaledWeight:
      var values = kernel.floatArray
      let largest = try #require(values.indices.max { abs(values[$0]) < abs(values[$1]) })
      values[largest] *= 1.01
      graph.constants[constant].tensor = Tensor(values, shape: kernel.shape)
    case .transposedKernel:
      graph.constants[constant].tensor = kernel.transposed([0, 1, 3, 2])
    case .wrongEpsilon:
      let norm = try #require(graph.nodes[victim.norm].operation as? BatchNormalization)
      graph.nodes[victim.norm].operation = BatchNormalization(
        epsilon: norm.epsilon == 1e-3 ? 1e-5 : 1e-3, statistics: norm.statistics)
    case .shiftBeforeMask: break
    }
    return try VerifiedGraph(graph)
  }

  /// The label of the layer that the fault is in: where `isFused` that of the convolution, which a
  /// batch norm becomes part of.
  func layer(of network: VerifiedGraph, isFused: Bool = true) throws -> String {
    let victim = try #require(Victim(network.graph))
    let isNorm = self == .wrongEpsilon && !isFused
    return network.graph.nodes[isNorm ? victim.norm : victim.convolution].label
  }
}

/// Positions of a convolution with a window and of the batch norm after it.
private struct Victim {
  let convolution: Int
  let norm: Int

  init?(_ graph: Graph) {
    let weights = Set(graph.constants.map(\.value))
    var latest: Int?
    for (index, node) in graph.nodes.enumerated() {
      switch node.operation {
      case is Convolution where weights.contains(node.inputs[1]):
        let kernel = graph.constantTensor(node.inputs[1])?.shape ?? []
        let isOnes = graph.constantTensor(node.inputs[1])?.floatArray.allSatisfy { $0 == 1 }
        if isOnes == false { latest = kernel.last == 1 ? nil : index }
      case is BatchNormalization:
        guard let convolution = latest else { continue }
        self.convolution = convolution
        norm = index
        return
      default: break
      }
    }
    return nil
  }
}

/// A pass gone wrong: it renormalises the shift of a folded batch norm, and so leaves it out of the
/// holes, as one does who folds it into the convolution.
let renormaliseShifts = GraphPass("renormalise-shifts", .reassociates) { context in
  for (index, node) in context.graph.nodes.enumerated() {
    guard var operation = node.operation as? PartialConvolution, operation.hasScale else {
      continue
    }
    var arguments = operation.arguments(node.inputs)
    guard let last = arguments.biases.indices.last, arguments.biases[last].plane == nil else {
      continue
    }
    arguments.biases[last].plane = arguments.ratio
    operation.biasPlanes[last] = operation.hasRatio
    context.rewrite(
      at: index, operation, PartialConvolution.inputs(arguments), label: node.label,
      "shift of '\(node.label)' is renormalised")
  }
}
