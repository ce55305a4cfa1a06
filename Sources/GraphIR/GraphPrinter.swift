/// Writes the text form of a graph, which `GraphParser` reads back to an equal graph.
///
/// ```text
/// graph @unet<H % 2, W % 2>(%0 image|inputs_img: f32[N,3,H,W]) -> (%4 output) {
///   %1 = constant @enc_1.weight : f32[64,3,7,7]
///   %3 = convolution %0, %1 {padding=[3,3,3,3], stride=[2,2], …} : f32[N,64,H/2,W/2] "enc_1"
///   %4 = relu %3 : f32[N,64,H/2,W/2] "enc_1"
/// }
/// ```
public enum GraphPrinter {
  public static func text(_ graph: Graph) -> String {
    let types = graph.resultTypes
    let inputs = graph.inputs.map { input in
      "\(input.value) " + ([input.name] + input.aliases).joined(separator: "|") + ": \(input.type)"
    }
    let outputs = graph.outputs.map { "\($0.value) \($0.name)" }
    var lines = [
      "graph @\(constantName(graph.name))\(symbols(graph))(\(inputs.joined(separator: ", ")))"
        + " -> (\(outputs.joined(separator: ", "))) {"
    ]
    lines += graph.constants.map {
      "  \($0.value) = constant @\(constantName($0.name)) : \($0.type)"
    }
    lines += graph.nodes.map { "  " + line($0, types: types) }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// One node as it is printed.
  static func line(_ node: Node, types: [ValueID: ValueType]) -> String {
    var text = "\(list(node.results)) = \(node.operation.mnemonic)"
    if !node.inputs.isEmpty { text += " \(list(node.inputs))" }
    let attributes = node.operation.attributes.sorted { $0.key < $1.key }
    if !attributes.isEmpty {
      text += " {" + attributes.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + "}"
    }
    let known = node.results.compactMap { types[$0] }
    if known.count == node.results.count, !known.isEmpty {
      text += " : " + known.map(\.description).joined(separator: ", ")
    }
    return node.label.isEmpty ? text : text + " \"\(escaped(node.label))\""
  }

  private static func constantName(_ name: String) -> String {
    name.allSatisfy(GraphLexer.isConstantCharacter) ? name : "\"\(escaped(name))\""
  }

  private static func escaped(_ label: String) -> String {
    label.reduce(into: "") { text, character in
      if character == "\"" || character == "\\" { text.append("\\") }
      text.append(character)
    }
  }

  private static func list(_ values: [ValueID]) -> String {
    values.map(\.description).joined(separator: ", ")
  }

  private static func symbols(_ graph: Graph) -> String {
    var found: [String: Int] = [:]
    for dimension in graph.inputs.flatMap(\.type.dimensions) {
      guard case .symbolic(let symbol, _, _, _) = dimension, symbol.multiple > 1 else { continue }
      found[symbol.name] = symbol.multiple
    }
    guard !found.isEmpty else { return "" }
    let constraints = found.sorted { $0.key < $1.key }.map { "\($0.key) % \($0.value)" }
    return "<\(constraints.joined(separator: ", "))>"
  }
}

extension Graph {
  /// The types of what nodes make, as far as they are known.
  var resultTypes: [ValueID: ValueType] {
    Dictionary(
      nodes.flatMap(\.results).compactMap { value in type(of: value).map { (value, $0) } },
      uniquingKeysWith: { first, _ in first })
  }
}

extension AttributeValue: CustomStringConvertible {
  /// `3`, `1e-08`, `[1,2]`, `relu`; floats print so that reading gives the same bits.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .float(let value): Self.text(value)
    case .integers(let values): "[" + values.map(String.init).joined(separator: ",") + "]"
    case .floats(let values): "[" + values.map(Self.text).joined(separator: ",") + "]"
    case .string(let value): value
    }
  }

  private static func text(_ value: Float) -> String {
    value.isFinite ? value.description : value > 0 ? "inf" : "-inf"
  }
}
