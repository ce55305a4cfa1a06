import GraphIR
import GraphPasses
import InferenceRuntime
import TensorCore

/// What the layers of a graph read, made outputs so that the runtime shows it.
struct LayerProbe {
  /// A layer whose pictures are looked at.
  struct Layer {
    let name: String
    let operation: PartialConvolution
    let arguments: PartialConvolution.Arguments<ValueID>
  }

  /// Values of one run.
  struct Values {
    fileprivate let tensors: [ValueID: Tensor]

    /// The tensor of a value that a layer reads.
    subscript(value: ValueID) -> Tensor {
      guard let tensor = tensors[value] else {
        preconditionFailure("\(value) is no input of a probed layer")
      }
      return tensor
    }
  }

  let layers: [Layer]
  private let graph: VerifiedGraph
  private let session: Session
  private static let prefix = "probe: "

  /// Probes every layer that could compute in 8 bits.
  init(_ graph: VerifiedGraph, threads: Int?) throws(CalibrationError) {
    let narrow = NarrowLayers(graph.graph)
    layers = graph.graph.nodes.compactMap { node in
      guard let operation = node.operation as? PartialConvolution,
        let layer = narrow[node.results[0]], !layer.isImpossible
      else { return nil }
      return Layer(
        name: layer.name, operation: operation, arguments: operation.arguments(node.inputs))
    }
    var traced = graph.graph
    let made = Set(traced.nodes.flatMap(\.results))
    for value in Set(layers.flatMap(\.probed)).sorted(by: { $0.rawValue < $1.rawValue })
    where made.contains(value) {
      traced.addOutput("\(Self.prefix)\(value)", value)
    }
    self.graph = try verified(traced)
    session = CompiledModel(self.graph).makeSession(threads: threads)
  }

  /// Runs the graph and keeps what the layers read.
  func run(_ inputs: [String: Tensor]) throws(CalibrationError) -> Values {
    var tensors: [ValueID: Tensor] = [:]
    for constant in graph.graph.constants { tensors[constant.value] = constant.tensor }
    for input in graph.graph.inputs { tensors[input.value] = inputs[input.name] }
    let results = try session.outputs(of: inputs)
    for (output, result) in zip(graph.graph.outputs, results)
    where output.name.hasPrefix(Self.prefix) {
      tensors[output.value] = result.tensor
    }
    return Values(tensors: tensors)
  }
}

extension LayerProbe.Layer {
  /// Pictures, masks, ratio and planes; the weights and vectors are constants.
  var probed: [ValueID] {
    arguments.pictures + arguments.masks.compactMap(\.self) + [arguments.ratio].compactMap(\.self)
      + arguments.biases.compactMap(\.plane)
  }
}

extension Session {
  /// Runs the model.
  ///
  /// - Throws: `.mismatch` when the network does not take the inputs.
  func outputs(
    of inputs: [String: Tensor]
  ) throws(CalibrationError) -> [(name: String, tensor: Tensor)] {
    do throws(RuntimeError) {
      return try run(inputs)
    } catch {
      throw CalibrationError(.mismatch, error.message)
    }
  }
}

/// - Throws: `.internalFault`, since the graph was made here from a verified one.
func verified(_ graph: Graph) throws(CalibrationError) -> VerifiedGraph {
  do throws(VerificationError) {
    return try VerifiedGraph(graph)
  } catch {
    throw CalibrationError(.internalFault, "\(error)")
  }
}
