import CheckpointFormats
import GraphIR
import TensorCore

/// A node with the values it is given; reads its attributes and words its errors.
struct ONNXNodeCall {
  let node: ONNXNode
  /// nil where an optional input is left out.
  let inputs: [ONNXValue?]
  /// Start of the names of constants that this node makes; no other node has it.
  let constantName: String
  /// Version of the standard operators.
  let version: Int

  /// The node's name in the graph: its own, or that of its first result.
  var label: String {
    (node.name.isEmpty ? node.outputs.first ?? "" : node.name).asGraphName
  }

  func unsupported(_ problem: String) -> ImportError {
    ImportError(
      .unsupportedLayer, "node '\(node.displayName)' (\(node.operatorType)): \(problem)")
  }

  /// The value of input `index`.
  func input(_ index: Int) throws(ImportError) -> ONNXValue {
    guard let value = optionalInput(index) else {
      throw unsupported("input \(index + 1) is missing")
    }
    return value
  }

  func optionalInput(_ index: Int) -> ONNXValue? {
    inputs.indices.contains(index) ? inputs[index] : nil
  }

  /// The integers of input `index`, all known.
  func integers(_ index: Int) throws(ImportError) -> [Int]? {
    switch optionalInput(index) {
    case nil: return nil
    case .numbers(let numbers)?:
      if let values = numbers.fixed { return values }
    case .constant(let constant)? where constant.tensor.elementCount == 0: return []
    default: break
    }
    throw unsupported("input \(index + 1) must be integers that are known at conversion")
  }

  func has(_ attribute: String) -> Bool { node.attributes[attribute] != nil }

  func integer(_ name: String, default fallback: Int) throws(ImportError) -> Int {
    switch node.attributes[name] {
    case nil: return fallback
    case .integer(let value)?: return value
    default: throw unsupported("attribute '\(name)' must be an integer")
    }
  }

  func integer(
    _ name: String, default fallback: Int, in range: ClosedRange<Int>
  ) throws(ImportError) -> Int {
    let value = try integer(name, default: fallback)
    guard range.contains(value) else { throw unsupported("attribute '\(name)' is \(value)") }
    return value
  }

  func float(_ name: String, default fallback: Float) throws(ImportError) -> Float {
    switch node.attributes[name] {
    case nil: return fallback
    case .float(let value)?: return value
    default: throw unsupported("attribute '\(name)' must be a number")
    }
  }

  func text(_ name: String, default fallback: String) throws(ImportError) -> String {
    switch node.attributes[name] {
    case nil: return fallback
    case .text(let value)?: return value
    default: throw unsupported("attribute '\(name)' must be a text")
    }
  }

  func integers(_ name: String) throws(ImportError) -> [Int]? {
    switch node.attributes[name] {
    case nil: return nil
    case .integers(let values)?: return values
    default: throw unsupported("attribute '\(name)' must be integers")
    }
  }

  /// `count` integers, each in `range`.
  func integers(
    _ name: String, count: Int, in range: ClosedRange<Int>, default fallback: [Int]
  ) throws(ImportError) -> [Int] {
    let values = try integers(name) ?? fallback
    guard values.count == count, values.allSatisfy(range.contains) else {
      throw unsupported("attribute '\(name)' is \(values.prefix(8)), not \(count) sizes")
    }
    return values
  }

  /// Requires `name`, if it is there, to have the value that is all that is supported.
  func require(_ name: String, is value: Int) throws(ImportError) {
    let given = try integer(name, default: value)
    guard given == value else {
      throw unsupported("attribute '\(name)' is \(given); only \(value) is supported")
    }
  }

  /// Integers that are an attribute in old versions of the operator and an input in new ones.
  func integers(
    attribute name: String, orInput index: Int
  ) throws(ImportError) -> [Int]? {
    if let values = try integers(name) { return values }
    return try integers(index)
  }
}

extension ONNXNode {
  var displayName: String {
    (name.isEmpty ? outputs.first ?? "" : name).escapingControlCharacters()
  }
}
