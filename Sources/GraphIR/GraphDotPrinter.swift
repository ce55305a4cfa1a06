/// Writes a graph in the DOT language, for Graphviz: `dot -Tsvg graph.dot -o graph.svg`.
public enum GraphDotPrinter {
  public static func text(_ graph: Graph) -> String {
    let drawing = GraphDrawing(graph)
    var lines = ["digraph \"\(escaped(graph.name))\" {", "  node [shape=box, fontname=monospace];"]
    for box in drawing.boxes {
      let text = [box.title, box.label, box.type].filter { !$0.isEmpty }.map(escaped)
      let shape = box.kind == .port ? ", shape=oval" : ""
      lines.append(
        "  \(box.name) [label=\"\(text.joined(separator: "\\n"))\", style=filled, "
          + "fillcolor=\"\(box.kind.color)\"\(shape)];")
    }
    lines += drawing.edges.map {
      "  \(drawing.boxes[$0.from].name) -> \(drawing.boxes[$0.to].name);"
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

extension GraphDrawing.Kind {
  /// The colour of its boxes, as `#rrggbb`.
  var color: String {
    switch self {
    case .port: "#ffffff"
    case .product: "#b3d4f5"
    case .normalization: "#f5d0b3"
    case .arrangement: "#f5efb3"
    case .plane: "#dddddd"
    case .arithmetic: "#c8e6c0"
    }
  }
}
