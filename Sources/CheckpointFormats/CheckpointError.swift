/// Why a file could not be read, written so that its description can be shown to the user as it is.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure; the only part of an error that programs compare.
  public enum Code: Sendable, Hashable {
    /// The system could not open, read or write the file.
    case unreadable
    /// The file ends before something it declares.
    case truncated
    /// The file contradicts itself or its format.
    case corrupt
    /// The file is valid but uses something this reader does not read.
    case unsupported
    /// The file would run code in the program that made it; nothing was run.
    case refused
    /// The file needs more memory, nesting or steps than a real checkpoint does.
    case limitExceeded
    /// The file is of another kind.
    case notThisFormat
    /// Something the reader was asked for, or the file refers to, is absent.
    case missing
  }

  /// What kind of failure this is.
  public let code: Code
  /// What is wrong, without the place.
  public let message: String
  /// Name of the file.
  public let file: String?
  /// The entry, tensor or opcode concerned, escaped.
  public let subject: String?
  /// Byte offset inside `subject`, or inside the file when there is no subject.
  public let offset: Int?
  /// What the user can do about it.
  public let remedy: String?

  /// Creates an error; control characters in every text are escaped.
  public init(
    _ code: Code, _ message: String, file: String? = nil, subject: String? = nil,
    offset: Int? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.message = message.escapingControlCharacters()
    self.file = file?.escapingControlCharacters()
    self.subject = subject?.escapingControlCharacters()
    self.offset = offset
    self.remedy = remedy?.escapingControlCharacters()
  }

  /// `file: what is wrong (subject byte offset) — what to do`.
  public var description: String {
    var text = file.map { "\($0): " } ?? ""
    text += message
    switch (subject, offset) {
    case (let subject?, let offset?): text += " (\(subject) byte \(offset))"
    case (let subject?, nil): text += " (\(subject))"
    case (nil, let offset?): text += " (byte \(offset))"
    case (nil, nil): break
    }
    if let remedy { text += " — \(remedy)" }
    return text
  }
}

extension String {
  /// The text with control and invisible formatting characters written as `\u{…}`, and cut after 400
  /// characters, so that a name taken from a file cannot steer a terminal or flood it.
  package func escapingControlCharacters() -> String {
    var result = ""
    for (position, scalar) in unicodeScalars.enumerated() {
      if position == 400 { return result + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
        .paragraphSeparator:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
