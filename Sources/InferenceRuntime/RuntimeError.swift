/// Why a model could not be run on the given inputs.
public struct RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The part that programs compare.
  public enum Code: String, Sendable {
    case unknownInput, unknownOutput, missingInput, duplicateInput, badShape, badElementType,
      outOfMemory
    /// The weights could not be read from the model's file, or are not those that it had.
    case unreadableModel
  }

  public let code: Code
  /// Which input or layer, what it is, what it should be, and what to do.
  public let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
