import GraphIR
import TensorCore

/// The one way in which passes edit a graph: every rewrite is counted and described.
struct PassContext {
  private(set) var graph: Graph
  private(set) var rewrites: [String] = []
  private(set) var kept: [String] = []
  private let rewriteLimit: Int

  /// - Parameter rewriteLimit: rewrites after which the rest are left out, to find the one at fault.
  init(_ graph: Graph, rewriteLimit: Int = .max) {
    self.graph = graph
    self.rewriteLimit = rewriteLimit
  }

  private var isExhausted: Bool { rewrites.count >= rewriteLimit }

  /// Inserts a node of one result before the node at `index`, which then stands one later.
  ///
  /// - Parameter label: the layer it belongs to; that of the node at `index` when nil.
  mutating func insert(
    _ operation: any Operation, _ inputs: [ValueID], label: String? = nil, before index: Int
  ) throws(GraphError) -> ValueID {
    let neighbour = graph.nodes.indices.contains(index) ? graph.nodes[index].label : ""
    return try graph.add(operation, inputs, label: label ?? neighbour, at: index)[0]
  }

  /// Adds a stored tensor under a name of its own.
  mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
    let taken = Set(graph.constants.map(\.name))
    var unique = name
    var number = 1
    while taken.contains(unique) {
      number += 1
      unique = "\(name).\(number)"
    }
    return graph.addConstant(unique, tensor)
  }

  /// Lets every reader of `old` read `new`, as one rewrite.
  mutating func replace(_ old: ValueID, with new: ValueID, _ what: String) {
    guard !isExhausted else { return }
    graph.replaceUses(of: old, with: new)
    rewrites.append(what)
  }

  /// Replaces the operation and inputs of the node at `index`, whose result keeps its type.
  mutating func rewrite(
    at index: Int, _ operation: any Operation, _ inputs: [ValueID], label: String,
    _ what: String
  ) {
    guard !isExhausted else { return }
    graph.nodes[index].label = label
    graph.nodes[index].operation = operation
    graph.nodes[index].inputs = inputs
    rewrites.append(what)
  }

  /// Records a layer that stays as it is, and why.
  mutating func keep(_ what: String) { kept.append(what) }

  /// Drops nodes that no output needs any more.
  mutating func removeDeadNodes() { graph.removeDeadNodes() }
}
