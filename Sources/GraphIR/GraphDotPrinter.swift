/// Writes a graph in the DOT language, for Graphviz: `dot -Tsvg graph.dot -o graph.svg`.
public enum GraphDotPrinter {
  public static func text(_ graph: Graph) -> String {
    var lines = ["digraph \"\(escaped(graph.name))\" {", "  node [shape=box, fontname=monospace];"]
    var makers: [ValueID: String] = [:]
    for input in graph.inputs {
      makers[input.value] = "in_\(input.value.rawValue)"
      lines.append(
        "  in_\(input.value.rawValue) [label=\"\(escaped(input.name))\\n\(input.type)\", shape=oval];")
    }
    for (index, node) in graph.nodes.enumerated() where !(node.operation is Fill) {
      for value in node.results { makers[value] = "n\(index)" }
      let type = node.results.first.flatMap(graph.type).map { "\\n\($0)" } ?? ""
      let label = node.label.isEmpty ? "" : "\\n\(escaped(node.label))"
      let color = node.operation is PartialConvolution ? ", style=filled, fillcolor=lightblue" : ""
      lines.append("  n\(index) [label=\"\(node.operation.mnemonic)\(label)\(type)\"\(color)];")
    }
    for (index, node) in graph.nodes.enumerated() {
      for value in node.inputs {
        if let maker = makers[value] { lines.append("  \(maker) -> n\(index);") }
      }
    }
    for output in graph.outputs {
      let name = "out_\(output.value.rawValue)"
      lines.append("  \(name) [label=\"\(escaped(output.name))\", shape=oval];")
      if let maker = makers[output.value] { lines.append("  \(maker) -> \(name);") }
    }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if character == "\"" || character == "\\" { result.append("\\") }
      result.append(character)
    }
  }
}
