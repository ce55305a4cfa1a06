import GraphIR
package import ModelFile
import TensorCore

/// What tells two model files apart, apart from the names of files.
package struct ModelDifference: Sendable, Encodable {
  package let schema = 1
  package let first: String
  package let second: String
  /// One sentence for each difference; empty when the models are the same.
  package let differences: [String]

  package var isEmpty: Bool { differences.isEmpty }

  package init(_ first: StoredModel, _ second: StoredModel, names: (String, String)) {
    self.first = names.0
    self.second = names.1
    differences =
      Self.provenance(first, second) + Self.ports(first.graph.graph, second.graph.graph)
      + Self.nodes(first.graph, second.graph)
      + Self.constants(first.graph.graph, second.graph.graph)
  }

  /// The differences for people.
  package var text: String {
    isEmpty
      ? "\(first) and \(second) hold the same model"
      : (["\(first) and \(second) differ:"] + differences.map { "  \($0)" }).joined(separator: "\n")
  }

  private static func provenance(_ first: StoredModel, _ second: StoredModel) -> [String] {
    func facts(_ model: StoredModel) -> [(name: String, value: String)] {
      let provenance = model.provenance
      return [
        ("version", provenance.toolVersion), ("network", provenance.family),
        ("source", provenance.source.map { "\($0.fileName) \($0.digest)" } ?? "none"),
        ("options", provenance.options.map { "\($0.name)=\($0.value)" }.joined(separator: " ")),
        (
          "passes", provenance.passes.map { "\($0.name):\($0.rewriteCount)" }.joined(separator: " ")
        ),
        ("processing", model.processing.map { "\($0.name)=\($0.value)" }.joined(separator: " ")),
      ]
    }
    return zip(facts(first), facts(second)).filter { $0.value != $1.value }.map {
      "\($0.name): \($0.value) | \($1.value)"
    }
  }

  private static func ports(_ first: Graph, _ second: Graph) -> [String] {
    func list(_ graph: Graph) -> String {
      graph.inputs.map { "\($0.name) \($0.type)" }.joined(separator: ", ") + " -> "
        + graph.outputs.map(\.name).joined(separator: ", ")
    }
    let (one, other) = (list(first), list(second))
    return one == other ? [] : ["ports: \(one) | \(other)"]
  }

  private static func nodes(_ first: VerifiedGraph, _ second: VerifiedGraph) -> [String] {
    func text(_ node: Node, _ graph: VerifiedGraph) -> String {
      let attributes = node.operation.attributes.sorted { $0.key < $1.key }
        .map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
      let types = node.results.map { graph.type(of: $0).description }.joined(separator: ", ")
      return "\(node.operation.mnemonic) \"\(node.label)\" {\(attributes)} : \(types)"
    }
    let one = first.graph.nodes.map { text($0, first) }
    let other = second.graph.nodes.map { text($0, second) }
    var lines: [String] = []
    for change in other.difference(from: one) {
      switch change {
      case .insert(_, let line, _): lines.append("only in the second: \(line)")
      case .remove(_, let line, _): lines.append("only in the first: \(line)")
      }
    }
    if lines.isEmpty, first.graph.nodes != second.graph.nodes {
      lines.append("the nodes are joined in another way")
    }
    return lines
  }

  private static func constants(_ first: Graph, _ second: Graph) -> [String] {
    let others = Dictionary(
      second.constants.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    let names = Set(first.constants.map(\.name))
    var lines: [String] = []
    for constant in first.constants {
      guard let other = others[constant.name] else {
        lines.append("tensor '\(constant.name)' is only in the first")
        continue
      }
      if constant.tensor != other {
        lines.append(Self.change(constant.name, constant.tensor, other))
      }
    }
    return lines
      + second.constants.filter { !names.contains($0.name) }.map {
        "tensor '\($0.name)' is only in the second"
      }
  }

  private static func change(_ name: String, _ first: Tensor, _ second: Tensor) -> String {
    guard first.shape == second.shape else {
      return "tensor '\(name)' has shape \(first.shape) | \(second.shape)"
    }
    guard first.elementType == second.elementType else {
      return "tensor '\(name)' is \(first.elementType.rawValue) | \(second.elementType.rawValue)"
    }
    let comparison = ArrayComparison(second.convertedToFloat32(), first.convertedToFloat32())
    let changed = comparison.count - (comparison.ulps.counts.first { $0.upTo == 0 }?.count ?? 0)
    return "tensor '\(name)' \(first.shape) differs in \(changed) values, at most by "
      + short(comparison.maximumError)
  }
}
