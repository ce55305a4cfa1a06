/// Why a graph, an operation or a text form is not acceptable.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case unknownOperation, badAttribute, badInputCount, badType, badShape, undefinedValue
    case duplicateValue, duplicateName, badOrder, missingOutput, syntax, unboundSize
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
