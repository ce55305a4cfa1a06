public import TensorCore

/// A network as values and operations, free to edit.
///
/// Every value is an input, a constant or a result of a node; nodes stand in an order in which they
/// can run. Only the verifier turns a graph into a `VerifiedGraph`, which can be run or saved.
public struct Graph: Sendable, Equatable {
  /// A value that a caller supplies.
  public struct Input: Sendable, Equatable {
    public var name: String
    /// Further names that callers may use for it, such as the source framework's own.
    public var aliases: [String]
    public var value: ValueID
    public var type: ValueType

    public init(name: String, aliases: [String] = [], value: ValueID, type: ValueType) {
      self.name = name
      self.aliases = aliases
      self.value = value
      self.type = type
    }
  }

  /// A stored tensor, held here or left in the file that it was stored in.
  public struct Constant: Sendable, Equatable {
    private enum Content: Equatable {
      case held(Tensor)
      case elsewhere(ValueType)
    }

    public var name: String
    public var value: ValueID
    private var content: Content

    public init(name: String, value: ValueID, tensor: Tensor) {
      self.name = name
      self.value = value
      content = .held(tensor)
    }

    /// A constant of which the graph knows the type alone.
    package init(name: String, value: ValueID, leaving type: ValueType) {
      self.name = name
      self.value = value
      content = .elsewhere(type)
    }

    /// The tensor. Graphs of which only the types are known come from `ModelFileReader.open` alone,
    /// and asking one of those for a tensor is an error of the program.
    public var tensor: Tensor {
      get {
        guard let heldTensor else { preconditionFailure("constant @\(name) was left in its file") }
        return heldTensor
      }
      set { content = .held(newValue) }
    }

    /// The tensor; nil when it was left in its file.
    package var heldTensor: Tensor? {
      if case .held(let tensor) = content { tensor } else { nil }
    }

    /// The tensor's type.
    public var type: ValueType {
      switch content {
      case .held(let tensor): ValueType(of: tensor)
      case .elsewhere(let type): type
      }
    }
  }

  /// A value that a caller receives.
  public struct Output: Sendable, Equatable {
    public var name: String
    public var value: ValueID

    public init(name: String, value: ValueID) {
      self.name = name
      self.value = value
    }
  }

  public var name: String
  public var inputs: [Input] = []
  public var constants: [Constant] = []
  public var nodes: [Node] = []
  public var outputs: [Output] = []
  private var types: [ValueID: ValueType] = [:]
  private var nextID: UInt32 = 0

  public init(name: String) { self.name = name }

  /// The type that the value had when it was made; nil for a value that this graph never made.
  public func type(of value: ValueID) -> ValueType? { types[value] }

  public mutating func addInput(
    _ name: String, _ type: ValueType, aliases: [String] = []
  ) -> ValueID {
    let value = makeValue(type)
    inputs.append(Input(name: name, aliases: aliases, value: value, type: type))
    return value
  }

  public mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
    let value = makeValue(ValueType(of: tensor))
    constants.append(Constant(name: name, value: value, tensor: tensor))
    return value
  }

  public mutating func addOutput(_ name: String, _ value: ValueID) {
    outputs.append(Output(name: name, value: value))
  }

  /// Appends a node, or inserts it before the node at `index`, and returns its results.
  ///
  /// - Throws: what the operation says of the input types; the graph is then unchanged.
  @discardableResult
  public mutating func add(
    _ operation: any Operation, _ inputs: [ValueID], label: String = "", at index: Int? = nil
  ) throws(GraphError) -> [ValueID] {
    var inputTypes: [ValueType] = []
    for input in inputs {
      guard let type = types[input] else {
        throw GraphError(.undefinedValue, "\(operation.mnemonic) reads \(input), not a value")
      }
      inputTypes.append(type)
    }
    let results = try operation.boundedResultTypes(inputTypes).map { makeValue($0) }
    let node = Node(operation, inputs, results: results, label: label)
    nodes.insert(node, at: index ?? nodes.endIndex)
    return results
  }

  /// Appends a node of one result.
  public mutating func apply(
    _ operation: any Operation, _ inputs: ValueID..., label: String = ""
  ) throws(GraphError) -> ValueID {
    try add(operation, inputs, label: label)[0]
  }

  /// Adds inputs, constants and nodes under the identifiers they have already, as readers need.
  ///
  /// Types are left for the verifier, which finds every fault at once.
  public mutating func restore(
    inputs: [Input], constants: [Constant], nodes: [Node], outputs: [Output]
  ) {
    self.inputs = inputs
    self.constants = constants
    self.nodes = nodes
    self.outputs = outputs
    let made =
      inputs.map(\.value) + constants.map(\.value) + nodes.flatMap(\.results)
    nextID = (made.map(\.rawValue).max() ?? 0) &+ 1
  }

  /// Records the types that the verifier inferred.
  mutating func setTypes(_ types: [ValueID: ValueType]) { self.types = types }

  private mutating func makeValue(_ type: ValueType) -> ValueID {
    let value = ValueID(nextID)
    nextID += 1
    types[value] = type
    return value
  }

  public static func == (lhs: Graph, rhs: Graph) -> Bool {
    lhs.name == rhs.name && lhs.inputs == rhs.inputs && lhs.constants == rhs.constants
      && lhs.nodes == rhs.nodes && lhs.outputs == rhs.outputs
  }
}
