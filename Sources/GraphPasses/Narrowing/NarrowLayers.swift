public import GraphIR
import TensorCore

/// The layers of a graph that could compute with fewer bits, and those that better do not.
public struct NarrowLayers: Sendable {
  /// A partial convolution of pictures by stored weights.
  public struct Layer: Sendable {
    public let name: String
    /// Its result, which identifies it.
    public let result: ValueID
    /// Why it computes in `f32` unless asked for by name; nil when nothing speaks against
    /// narrowing.
    public let reasonToKeep: String?
    /// Whether narrowing is impossible and not just unwise.
    public let isImpossible: Bool
  }

  /// A number that is multiplied fewer times than this costs more to convert than is gained.
  static let leastReuse = 16

  /// In the order in which they run.
  public let all: [Layer]

  public init(_ graph: Graph) {
    let names = PictureNames(graph)
    let pictures = graph.pictureValues(Set(ElementType.allCases))
    let ends = NetworkEnds(graph, pictures)
    all = graph.nodes.compactMap { node in
      guard let operation = node.operation as? PartialConvolution, let value = node.results.first,
        pictures.contains(value), let name = names[value]
      else { return nil }
      let fault = Self.obstacle(operation, node, graph)
      let reason =
        fault ?? ends.reason(node, graph) ?? Self.expense(operation, node, graph)
      return Layer(
        name: name, result: value, reasonToKeep: reason, isImpossible: fault != nil)
    }
  }

  public subscript(result: ValueID) -> Layer? { all.first { $0.result == result } }

  /// What makes narrow computation impossible.
  private static func obstacle(
    _ operation: PartialConvolution, _ node: Node, _ graph: Graph
  ) -> String? {
    let arguments = operation.arguments(node.inputs)
    guard operation.convolution.groups == 1 else { return "its convolution is grouped" }
    guard let weights = graph.constantTensor(arguments.weights) else {
      return "its weights are computed"
    }
    guard isFinite(weights) else {
      return "its weights are not finite"
    }
    let vectors = [arguments.scale].compactMap(\.self) + arguments.biases.map(\.vector)
    guard vectors.allSatisfy({ graph.constantTensor($0) != nil }) else {
      return "its scale or bias is computed"
    }
    return nil
  }

  private static func isFinite(_ weights: Tensor) -> Bool {
    guard weights.elementType == .float32 else { return true }
    let values = weights.floats
    for index in values.indices where !values[index].isFinite { return false }
    return true
  }

  /// What makes narrow computation slower than `f32`.
  private static func expense(
    _ operation: PartialConvolution, _ node: Node, _ graph: Graph
  ) -> String? {
    guard let kernel = graph.type(of: operation.arguments(node.inputs).weights)?.fixedShape else {
      return nil
    }
    let steps = operation.convolution.stride.reduce(1, *)
    let reuse = kernel[0] * kernel[2] * kernel[3] / steps
    guard reuse < leastReuse else { return nil }
    return "each number it reads is multiplied \(reuse) times only"
  }
}

/// Which layers are the first and the last of a network that have weights. One that reads an input
/// beside what other layers made is not the first.
private struct NetworkEnds {
  /// Pictures that follow from inputs alone, without a layer in between.
  private var early: Set<ValueID>
  /// Values from which an output follows without a layer in between.
  private var late: Set<ValueID>

  init(_ graph: Graph, _ pictures: Set<ValueID>) {
    early = graph.pictureInputs
    late = Set(graph.outputs.map(\.value))
    for node in graph.nodes where !Self.isLayer(node) {
      let read = node.inputs.filter { early.contains($0) || pictures.contains($0) }
      if !read.isEmpty, read.allSatisfy(early.contains) { early.formUnion(node.results) }
    }
    for node in graph.nodes.reversed()
    where !Self.isLayer(node) && node.results.contains(where: late.contains) {
      late.formUnion(node.inputs)
    }
  }

  func reason(_ node: Node, _ graph: Graph) -> String? {
    let pictures = (node.operation as? PartialConvolution)?.arguments(node.inputs).pictures ?? []
    if pictures.allSatisfy(early.contains) { return "it reads the network's input alone" }
    if late.contains(node.results[0]) { return "it makes the network's output" }
    return nil
  }

  private static func isLayer(_ node: Node) -> Bool {
    node.operation is PartialConvolution || node.operation is Convolution
      || node.operation is Dense || node.operation is PartialConvolution3D
  }
}
