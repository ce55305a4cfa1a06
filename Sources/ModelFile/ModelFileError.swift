package import FileAccess

/// Why a model file could not be read or written, written so that its description can be shown as
/// it is.
package struct ModelFileError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure; the only part of an error that programs compare.
  package enum Code: Sendable, Hashable {
    /// The system could not open or read the file.
    case unreadable
    /// The file ends before something it declares.
    case truncated
    /// The file is no model file, or contradicts itself or its checksums.
    case corrupt
    /// The file was written for a newer reader.
    case unsupportedVersion
    /// The output exists and was not to be replaced.
    case exists
    /// The system could not create or write the file, or the model cannot be stored.
    case unwritable
    /// The disk, quota or permitted file size is exhausted.
    case full
    /// The file needs more memory or more entries than a real model does.
    case limitExceeded
  }

  /// What kind of failure this is.
  package let code: Code
  /// What is wrong, without the place.
  package let message: String
  /// Byte offset in the file.
  package let offset: Int?
  /// What the user can do about it.
  package let remedy: String?
  /// Path of the file.
  package private(set) var file = ""

  init(_ code: Code, _ message: String, at offset: Int? = nil, remedy: String? = nil) {
    self.code = code
    self.message = escaped(message)
    self.offset = offset
    self.remedy = remedy
  }

  /// The same error about the file at `path`.
  func about(_ path: String) -> ModelFileError {
    var result = self
    result.file = escaped(path)
    return result
  }

  /// `file: what is wrong (byte offset) — what to do`.
  package var description: String {
    var text = file.isEmpty ? message : "\(file): \(message)"
    if let offset { text += " (byte \(offset))" }
    if let remedy { text += " — \(remedy)" }
    return text
  }
}

extension ModelFileError: FileAccessReporting {
  /// The same failure as an error of this module.
  package init(_ error: FileAccessError) {
    let code: Code =
      switch error.code {
      case .missing, .notRegular, .unreadable: .unreadable
      case .empty, .truncated: .truncated
      case .exists: .exists
      case .unwritable: .unwritable
      case .full: .full
      }
    self.init(code, error.message, at: error.offset, remedy: error.remedy)
    file = escaped(error.path)
  }
}

/// The text with control and invisible characters as `\u{…}`, cut after 2000 characters, so that a
/// name taken from a file cannot steer a terminal or flood it.
private func escaped(_ text: String) -> String {
  var result = ""
  for (position, scalar) in text.unicodeScalars.enumerated() {
    if position == 2000 { return result + "…" }
    switch scalar.properties.generalCategory {
    case .control where scalar == "\n": result += "\n"
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
