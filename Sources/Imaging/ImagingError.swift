package import FileAccess

/// Why a picture or a mask could not be read, converted or written.
public struct ImagingError: Error, Equatable, Sendable {
  /// The closed set of reasons; the only part that code should compare.
  public enum Code: String, CaseIterable, Sendable {
    /// The file does not exist, is not a regular file, or the system refused to read it.
    case unreadable
    /// The bytes or values contradict their own format.
    case corrupt
    /// Well formed, but of a kind that is not handled.
    case unsupported
    /// Larger than `ImagingLimits` allows.
    case limitExceeded
    /// The system refused to write the file.
    case unwritable
  }

  /// The reason.
  public let code: Code
  /// What went wrong.
  public let what: String
  /// The file, or the argument, it went wrong in.
  public let place: String
  /// What to do about it.
  public let remedy: String

  /// The parts of `description`, each without a full stop.
  package init(_ code: Code, _ what: String, in place: String, remedy: String) {
    self.code = code
    self.what = what
    self.place = place
    self.remedy = remedy
  }
}

extension ImagingError: CustomStringConvertible {
  /// `place: what is wrong — what to do`.
  public var description: String { "\(place): \(what) — \(remedy)" }
}

extension ImagingError: FileAccessReporting {
  /// The same failure as an error of this module.
  package init(_ error: FileAccessError) {
    let code: Code =
      switch error.code {
      case .missing, .notRegular, .unreadable, .truncated, .empty: .unreadable
      case .exists, .unwritable, .full: .unwritable
      }
    self.init(code, "the file \(error.message)", in: error.path, remedy: error.remedy)
  }
}
