/// Why a calibration was not made or not used, written so that its description can be shown as it
/// is.
public struct CalibrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure; the only part of an error that programs compare.
  public enum Code: String, Sendable {
    /// The text is no calibration table.
    case badTable
    /// The table or a pattern names what the network does not have.
    case unknownName
    /// The request itself is wrong.
    case badRequest
    /// An array does not fit the network.
    case mismatch
    /// The network gives what is not finite for a picture.
    case notFinite
    /// A fault of this program.
    case internalFault
  }

  public let code: Code
  /// What is wrong, where, why, and what to do.
  public let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
