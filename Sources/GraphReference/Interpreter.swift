public import GraphIR
public import TensorCore

/// Runs a graph by the scalar meaning of its operations: slow, plain, and the oracle of every test.
public struct Interpreter: Sendable {
  public let graph: VerifiedGraph

  public init(_ graph: VerifiedGraph) { self.graph = graph }

  /// Computes the outputs, in the graph's order, from inputs by name or alias.
  ///
  /// - Parameter observe: called with every node and its results, in order.
  /// - Throws: `GraphError` when an input is missing or its type or shape does not fit.
  public func run(
    _ inputs: [String: Tensor], observe: (Node, [Tensor]) -> Void = { _, _ in }
  ) throws(GraphError) -> [(name: String, tensor: Tensor)] {
    var given: [String: Tensor] = [:]
    for (name, tensor) in inputs {
      guard let input = graph.input(named: name) else {
        throw GraphError(.undefinedValue, "the network has no input called '\(name)'")
      }
      guard tensor.elementType == input.type.elementType else {
        throw GraphError(
          .badType,
          "input '\(name)' has elements of \(tensor.elementType.rawValue), "
            + "wanted \(input.type)")
      }
      given[input.name] = tensor
    }
    let graph = try self.graph.specialized(to: given.mapValues(\.shape)).graph
    var values: [ValueID: Tensor] = [:]
    for input in graph.inputs { values[input.value] = given[input.name] }
    for constant in graph.constants { values[constant.value] = constant.tensor }
    let lastUse = Self.lastUses(graph)
    for (index, node) in graph.nodes.enumerated() {
      let results = node.operation.evaluate(node.inputs.compactMap { values[$0] })
      observe(node, results)
      for (value, tensor) in zip(node.results, results) { values[value] = tensor }
      for value in node.inputs where lastUse[value] == index { values[value] = nil }
    }
    return graph.outputs.compactMap { output in
      values[output.value].map { (output.name, $0) }
    }
  }

  private static func lastUses(_ graph: Graph) -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for value in node.inputs { result[value] = index }
    }
    for output in graph.outputs { result[output.value] = nil }
    return result
  }
}
