public import TensorCore

/// Reads the text form that `GraphPrinter` writes.
public struct GraphParser {
  private var lexer: GraphLexer
  private var token: GraphLexer.Token = .end
  private var multiples: [String: Int] = [:]

  /// Parses one graph whose constants have the tensors that `constants` names.
  ///
  /// The types of results in the text are for readers: the verifier infers them anew.
  /// - Throws: `GraphError.syntax`, or the fault of a constant or operation, with the line.
  public static func parse(
    _ text: String, constants: [String: Tensor] = [:]
  ) throws(GraphError) -> Graph {
    var parser = GraphParser(lexer: GraphLexer(text))
    try parser.advance()
    return try parser.graph(constants)
  }

  private init(lexer: GraphLexer) { self.lexer = lexer }

  private mutating func graph(_ tensors: [String: Tensor]) throws(GraphError) -> Graph {
    try expectWord("graph")
    var graph = Graph(name: try constantName())
    if token == .mark("<") { try sizeMultiples() }
    try expect(.mark("("))
    var inputs: [Graph.Input] = []
    while token != .mark(")") {
      inputs.append(try input())
      if token == .mark(",") { try advance() }
    }
    try advance()
    try expect(.mark("-"))
    try expect(.mark(">"))
    try expect(.mark("("))
    var outputs: [Graph.Output] = []
    while token != .mark(")") {
      let value = try valueID()
      outputs.append(Graph.Output(name: try word(), value: value))
      if token == .mark(",") { try advance() }
    }
    try advance()
    try expect(.mark("{"))
    var constants: [Graph.Constant] = []
    var nodes: [Node] = []
    var types: [ValueID: ValueType] = [:]
    while token != .mark("}") {
      let results = try valueList()
      try expect(.mark("="))
      if token == .word("constant") {
        constants.append(try constant(results[0], tensors))
      } else {
        nodes.append(try node(results, &types))
      }
    }
    graph.restore(inputs: inputs, constants: constants, nodes: nodes, outputs: outputs)
    graph.setTypes(types)
    return graph
  }

  private mutating func sizeMultiples() throws(GraphError) {
    try advance()
    while token != .mark(">") {
      let name = try word()
      try expect(.mark("%"))
      multiples[name] = try positiveInteger()
      if token == .mark(",") { try advance() }
    }
    try advance()
  }

  private mutating func input() throws(GraphError) -> Graph.Input {
    let value = try valueID()
    var names = [try word()]
    while token == .mark("|") {
      try advance()
      names.append(try word())
    }
    try expect(.mark(":"))
    return Graph.Input(
      name: names[0], aliases: Array(names.dropFirst()), value: value,
      type: try type(isInput: true))
  }

  private mutating func constant(
    _ value: ValueID, _ tensors: [String: Tensor]
  ) throws(GraphError) -> Graph.Constant {
    let line = lexer.line
    try advance()
    let name = try constantName()
    try expect(.mark(":"))
    let type = try type(isInput: false)
    guard let tensor = tensors[name] else {
      throw GraphError(
        .undefinedValue, "line \(line): no tensor was given for the constant @\(name)")
    }
    guard ValueType(of: tensor) == type else {
      throw GraphError(
        .badShape, "line \(line): @\(name) is \(ValueType(of: tensor)), not \(type)")
    }
    return Graph.Constant(name: name, value: value, tensor: tensor)
  }

  private mutating func node(
    _ results: [ValueID], _ types: inout [ValueID: ValueType]
  ) throws(GraphError) -> Node {
    let line = lexer.line
    let mnemonic = try word()
    var inputs: [ValueID] = []
    if case .value = token { inputs = try valueList() }
    let operation = try operation(mnemonic, attributes(), line: line)
    if token == .mark(":") {
      for result in results {
        try advance()
        types[result] = try type(isInput: false)
      }
    }
    var label = ""
    if case .label(let text) = token {
      label = text
      try advance()
    }
    return Node(operation, inputs, results: results, label: label)
  }

  private func operation(
    _ mnemonic: String, _ attributes: Attributes, line: Int
  ) throws(GraphError) -> any Operation {
    do throws(GraphError) {
      return try OperationRegistry.make(mnemonic, attributes)
    } catch {
      throw GraphError(error.code, "line \(line): \(error.message)")
    }
  }

  private mutating func attributes() throws(GraphError) -> Attributes {
    guard token == .mark("{") else { return [:] }
    try advance()
    var result: Attributes = [:]
    while token != .mark("}") {
      let name = try word()
      try expect(.mark("="))
      result[name] = try attributeValue()
      if token == .mark(",") { try advance() }
    }
    try advance()
    return result
  }

  private mutating func attributeValue() throws(GraphError) -> AttributeValue {
    if case .word(let text) = token, text != "inf" {
      try advance()
      return .string(text)
    }
    guard token == .mark("[") else { return try number() }
    try advance()
    var values: [AttributeValue] = []
    while token != .mark("]") {
      values.append(try number())
      if token == .mark(",") { try advance() }
    }
    try advance()
    let integers = values.compactMap { if case .integer(let value) = $0 { value } else { nil } }
    if integers.count == values.count { return .integers(integers) }
    return .floats(
      values.compactMap {
        switch $0 {
        case .float(let value): value
        case .integer(let value): Float(value)
        default: nil
        }
      })
  }

  private mutating func number() throws(GraphError) -> AttributeValue {
    let isNegative = token == .mark("-")
    if isNegative { try advance() }
    let sign = isNegative ? "-" : ""
    switch token {
    case .word("inf"):
      try advance()
      return .float(isNegative ? -.infinity : .infinity)
    case .number(let text):
      if let value = Int(sign + text) {
        try advance()
        return .integer(value)
      }
      guard let value = Float(sign + text) else { throw unexpected("a number") }
      try advance()
      return .float(value)
    default: throw unexpected("a number")
    }
  }

  private mutating func type(isInput: Bool) throws(GraphError) -> ValueType {
    guard let elementType = ElementType(rawValue: try word()) else {
      throw unexpected("an element type")
    }
    try expect(.mark("["))
    var dimensions: [Dimension] = []
    while token != .mark("]") {
      dimensions.append(try dimension())
      if token == .mark(",") { try advance() }
    }
    try advance()
    var layout: Layout = isInput && dimensions.count == 4 ? .nchw : .plain
    if token == .word("nhwc") {
      layout = .nhwc
      try advance()
    }
    return ValueType(elementType, dimensions, layout: layout)
  }

  private mutating func dimension() throws(GraphError) -> Dimension {
    if case .number = token { return .fixed(try positiveInteger(orZero: true)) }
    let isGrouped = token == .mark("(")
    if isGrouped { try advance() }
    let name = try word()
    var length = Dimension.symbol(Symbol(name, multiple: multiples[name] ?? 1))
    while case .mark(let mark) = token, "*+-/".contains(mark) || (isGrouped && mark == ")") {
      try advance()
      if mark == ")" { continue }
      let amount = try positiveInteger()
      switch mark {
      case "*": length = length.multiplied(by: amount) ?? length
      case "/": length = length.dividedRoundingDown(by: amount)
      default: length = length.adding(mark == "-" ? -amount : amount)
      }
      guard length.isBounded else { throw unexpected("a length with smaller terms") }
    }
    return length
  }

  private mutating func positiveInteger(orZero: Bool = false) throws(GraphError) -> Int {
    guard case .number(let text) = token, let value = Int(text), value > (orZero ? -1 : 0),
      value < 1 << 31
    else { throw unexpected("a size") }
    try advance()
    return value
  }

  private mutating func valueList() throws(GraphError) -> [ValueID] {
    var values = [try valueID()]
    while token == .mark(",") {
      try advance()
      values.append(try valueID())
    }
    return values
  }

  private mutating func valueID() throws(GraphError) -> ValueID {
    guard case .value(let id) = token else { throw unexpected("a value such as %0") }
    try advance()
    return ValueID(id)
  }

  private mutating func constantName() throws(GraphError) -> String {
    guard case .constant(let name) = token else { throw unexpected("a name such as @unet") }
    try advance()
    return name
  }

  private mutating func word() throws(GraphError) -> String {
    guard case .word(let text) = token else { throw unexpected("a word") }
    try advance()
    return text
  }

  private mutating func expectWord(_ text: String) throws(GraphError) {
    guard token == .word(text) else { throw unexpected("'\(text)'") }
    try advance()
  }

  private mutating func expect(_ wanted: GraphLexer.Token) throws(GraphError) {
    guard token == wanted else { throw unexpected("\(wanted)") }
    try advance()
  }

  private mutating func advance() throws(GraphError) { token = try lexer.next() }

  private func unexpected(_ wanted: String) -> GraphError {
    GraphError(.syntax, "line \(lexer.line): expected \(wanted), found \(token)")
  }
}
