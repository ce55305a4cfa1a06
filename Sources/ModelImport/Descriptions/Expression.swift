/// Integer arithmetic in network descriptions: `levels - 1`, `2 ^ levels`, `(i + 1) / 2`.
struct Expression: Decodable, Hashable, Sendable {
  let text: String
  /// Bounds the depth of brackets too.
  private static let longest = 500

  init(_ text: String) { self.text = text }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      text = "\(number)"
    } else {
      text = try container.decode(String.self)
    }
  }

  /// - Throws: `ImportError.badDescription` for a syntax error, an unknown name, an overflow or a
  ///   division by zero.
  func value(_ variables: [String: Int]) throws(ImportError) -> Int {
    guard text.utf8.count <= Self.longest else {
      throw ImportError(
        .badDescription, "an expression has more than \(Self.longest) bytes: \(text.prefix(40))…")
    }
    var evaluator = Evaluator(text, variables)
    let result = try evaluator.sum()
    try evaluator.finish()
    return result
  }
}

private struct Evaluator {
  private let text: String
  private var rest: Substring
  private let variables: [String: Int]

  init(_ text: String, _ variables: [String: Int]) {
    self.text = text
    rest = text[...]
    self.variables = variables
  }

  mutating func sum() throws(ImportError) -> Int {
    var result = try product()
    while let operation = take(["+", "-"]) {
      let right = try product()
      result = try checked(
        operation == "+"
          ? result.addingReportingOverflow(right) : result.subtractingReportingOverflow(right))
    }
    return result
  }

  func finish() throws(ImportError) {
    guard rest.allSatisfy(\.isWhitespace) else { throw fault("has '\(rest)' left over") }
  }

  private mutating func product() throws(ImportError) -> Int {
    var result = try power()
    while let operation = take(["*", "/"]) {
      let right = try power()
      if operation == "/" && right == 0 { throw fault("divides by zero") }
      result = try checked(
        operation == "*"
          ? result.multipliedReportingOverflow(by: right)
          : result.dividedReportingOverflow(by: right))
    }
    return result
  }

  private mutating func power() throws(ImportError) -> Int {
    let base = try atom()
    guard take(["^"]) != nil else { return base }
    let exponent = try atom()
    guard (0...62).contains(exponent) else { throw fault("raises to \(exponent)") }
    var result = 1
    for _ in 0..<exponent { result = try checked(result.multipliedReportingOverflow(by: base)) }
    return result
  }

  private mutating func atom() throws(ImportError) -> Int {
    if take(["("]) != nil {
      let result = try sum()
      guard take([")"]) != nil else { throw fault("lacks a ')'") }
      return result
    }
    rest = rest.drop(while: \.isWhitespace)
    let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard !word.isEmpty else { throw fault("lacks a number or name") }
    rest = rest.dropFirst(word.count)
    if let number = Int(word) { return number }
    guard let value = variables[String(word)] else { throw fault("names '\(word)', unknown here") }
    return value
  }

  private mutating func take(_ marks: Set<Character>) -> Character? {
    rest = rest.drop(while: \.isWhitespace)
    guard let first = rest.first, marks.contains(first) else { return nil }
    rest = rest.dropFirst()
    return first
  }

  private func checked(
    _ result: (partialValue: Int, overflow: Bool)
  ) throws(ImportError) -> Int {
    if result.overflow { throw fault("is out of range") }
    return result.partialValue
  }

  private func fault(_ problem: String) -> ImportError {
    ImportError(.badDescription, "the expression '\(text)' \(problem)")
  }
}
