/// One application of an operation.
public struct Node: Sendable, Equatable {
  public var operation: any Operation
  public var inputs: [ValueID]
  public var results: [ValueID]
  /// The layer of the source network that this came from; empty when there is none.
  public var label: String

  public init(
    _ operation: any Operation, _ inputs: [ValueID], results: [ValueID], label: String = ""
  ) {
    self.operation = operation
    self.inputs = inputs
    self.results = results
    self.label = label
  }

  public static func == (lhs: Node, rhs: Node) -> Bool {
    lhs.operation.isEqual(to: rhs.operation) && lhs.inputs == rhs.inputs
      && lhs.results == rhs.results && lhs.label == rhs.label
  }
}
