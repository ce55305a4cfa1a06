/// One attribute of an operation, in the few forms that the text form and the model file store.
public enum AttributeValue: Hashable, Sendable {
  case integer(Int)
  case float(Float)
  case integers([Int])
  case floats([Float])
  case string(String)
}

/// The attributes of an operation, printed in order of their names.
public typealias Attributes = [String: AttributeValue]

/// Reads an operation's attributes one by one and reports wrong, missing and unknown ones.
public struct AttributeReader {
  private let mnemonic: String
  private var remaining: Attributes

  public init(_ attributes: Attributes, of mnemonic: String) {
    self.mnemonic = mnemonic
    remaining = attributes
  }

  public mutating func integer(_ name: String) throws(GraphError) -> Int {
    guard case .integer(let value) = remaining.removeValue(forKey: name) else {
      throw wrong(name, "an integer")
    }
    return value
  }

  /// A choice that is written as 0 or 1.
  public mutating func flag(_ name: String) throws(GraphError) -> Bool {
    let value = try integer(name)
    guard value == 0 || value == 1 else { throw wrong(name, "0 or 1") }
    return value == 1
  }

  public mutating func float(_ name: String) throws(GraphError) -> Float {
    switch remaining.removeValue(forKey: name) {
    case .float(let value): return value
    case .integer(let value): return Float(value)
    default: throw wrong(name, "a number")
    }
  }

  /// A list of `count` integers, each in `range`.
  public mutating func integers(
    _ name: String, count: Int? = nil, in range: ClosedRange<Int>
  ) throws(GraphError) -> [Int] {
    guard case .integers(let values) = remaining.removeValue(forKey: name),
      count == nil || values.count == count, values.allSatisfy(range.contains)
    else {
      throw wrong(name, "\(count.map { "\($0) " } ?? "")integers in \(range)")
    }
    return values
  }

  /// A list of `count` numbers.
  public mutating func floats(_ name: String, count: Int) throws(GraphError) -> [Float] {
    let values: [Float]
    switch remaining.removeValue(forKey: name) {
    case .floats(let numbers): values = numbers
    case .integers(let numbers): values = numbers.map(Float.init)
    default: throw wrong(name, "\(count) numbers")
    }
    guard values.count == count else { throw wrong(name, "\(count) numbers") }
    return values
  }

  /// Whether an attribute is given that only some operations have.
  public func has(_ name: String) -> Bool { remaining[name] != nil }

  public mutating func string(_ name: String) throws(GraphError) -> String {
    guard case .string(let value) = remaining.removeValue(forKey: name) else {
      throw wrong(name, "a word")
    }
    return value
  }

  /// A word that names a case of `Choice`.
  public mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _: Choice.Type
  ) throws(GraphError) -> Choice {
    guard let choice = Choice(rawValue: try string(name)) else {
      throw wrong(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  /// - Throws: `GraphError.badAttribute` when an attribute was not read.
  public func finish() throws(GraphError) {
    guard let name = remaining.keys.min() else { return }
    throw GraphError(.badAttribute, "\(mnemonic) has no attribute '\(name)'")
  }

  private func wrong(_ name: String, _ wanted: String) -> GraphError {
    GraphError(.badAttribute, "attribute '\(name)' of \(mnemonic) must be \(wanted)")
  }
}
