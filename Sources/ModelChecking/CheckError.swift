/// Why a check could not be made, written so that its description can be shown as it is.
package struct CheckError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure; the only part of an error that programs compare.
  package enum Code: String, Sendable {
    /// The request itself is wrong: a tolerance, a name, a size.
    case badRequest
    /// A file is missing, damaged or of another kind.
    case unreadable
    /// An array is missing, misnamed, misshapen, or there twice.
    case mismatch
    /// The model cannot be checked in the way that was asked for.
    case unsupported
    /// A fault of this program.
    case internalFault
  }

  package let code: Code
  /// What is wrong, where, why, and what to do.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
