import TensorCore

/// Everything that is wrong with a graph.
public struct VerificationError: Error, Sendable, CustomStringConvertible {
  /// A fault, the line it is in, and why.
  public struct Fault: Sendable, CustomStringConvertible {
    public let error: GraphError
    /// The node's line in the text form, or the name of the input, constant or output.
    public let place: String

    public var description: String { "\(place): \(error.message)" }
  }

  public let graph: String
  public let faults: [Fault]

  /// One line: how many there are, and the first.
  public var description: String {
    let count = faults.count == 1 ? "a fault" : "\(faults.count) faults, the first"
    return "graph @\(graph) has \(count): " + (faults.first.map { "\($0)" } ?? "")
  }
}

/// A graph whose every value is defined before use and has the type its operation gives it.
public struct VerifiedGraph: Sendable, Equatable {
  public let graph: Graph

  /// Checks `graph` and infers all types anew.
  ///
  /// - Throws: `VerificationError` with all faults.
  public init(_ graph: Graph) throws(VerificationError) {
    var verifier = Verifier(graph)
    verifier.run()
    guard verifier.faults.isEmpty else {
      throw VerificationError(graph: graph.name, faults: verifier.faults)
    }
    var graph = graph
    graph.setTypes(verifier.types)
    self.graph = graph
  }

  /// The type of `value`, which belongs to this graph.
  public func type(of value: ValueID) -> ValueType {
    guard let type = graph.type(of: value) else {
      preconditionFailure("\(value) is no value of the verified graph @\(graph.name)")
    }
    return type
  }
}

private struct Verifier {
  let graph: Graph
  var types: [ValueID: ValueType] = [:]
  var faults: [VerificationError.Fault] = []

  init(_ graph: Graph) { self.graph = graph }

  mutating func run() {
    for input in graph.inputs {
      let place = "input '\(input.name)'"
      define(input.value, input.type, place)
      if !input.type.dimensions.allSatisfy(\.isBounded) {
        report(.badShape, place, "\(input.type) is too large to address")
      }
      if input.type.layout != .plain, input.type.rank != 4 {
        report(.badType, place, "\(input.type) is no picture: it needs four axes")
      }
    }
    for constant in graph.constants {
      define(constant.value, constant.type, "constant @\(constant.name)")
    }
    requireUnique(graph.inputs.flatMap { [$0.name] + $0.aliases }, "input")
    requireUnique(graph.constants.map(\.name), "constant")
    requireUnique(graph.outputs.map(\.name), "output")
    for node in graph.nodes { check(node) }
    if graph.outputs.isEmpty { report(.missingOutput, "graph @\(graph.name)", "has no output") }
    for output in graph.outputs where types[output.value] == nil {
      report(.undefinedValue, "output '\(output.name)'", "\(output.value) is never made")
    }
  }

  private mutating func check(_ node: Node) {
    let place = GraphPrinter.line(node, types: types)
    let inputs = node.inputs.compactMap { types[$0] }
    var results: [ValueType]?
    if inputs.count == node.inputs.count {
      do throws(GraphError) {
        results = try node.operation.boundedResultTypes(inputs)
      } catch {
        report(error.code, place, error.message)
      }
    } else {
      for input in node.inputs where types[input] == nil {
        report(.badOrder, place, "\(input) is not made before this")
      }
    }
    if let results, results.count != node.results.count {
      report(.badType, place, "makes \(results.count) results, names \(node.results.count)")
    }
    for (index, value) in node.results.enumerated() {
      let fallback = graph.type(of: value) ?? ValueType(.float32, [], layout: .plain)
      let inferred = results.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      define(value, inferred ?? fallback, place)
    }
  }

  private mutating func define(_ value: ValueID, _ type: ValueType, _ place: String) {
    if types.updateValue(type, forKey: value) != nil {
      report(.duplicateValue, place, "\(value) is made twice")
    }
  }

  private mutating func requireUnique(_ names: [String], _ kind: String) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      report(.duplicateName, "\(kind) '\(name)'", "the name is used twice")
    }
  }

  private mutating func report(_ code: GraphError.Code, _ place: String, _ message: String) {
    faults.append(.init(error: GraphError(code, message), place: place))
  }
}
