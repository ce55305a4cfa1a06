/// A cursor over JSON text whose shape the caller knows: each method reads one value of one kind.
struct JSONCursor {
  /// Deepest nesting of a value that is skipped.
  private static let depth = 64

  private let text: [UInt8]
  private var position = 0
  private let file: String
  private let subject: String

  /// Starts at the beginning of `text`, which is called `subject` of `file` in errors.
  init(_ text: [UInt8], file: String, subject: String) {
    self.text = text
    self.file = file
    self.subject = subject
  }

  /// The error `.corrupt` for the place that was reached.
  func malformed(_ what: String) -> CheckpointError {
    CheckpointError(.corrupt, what, file: file, subject: subject, offset: position)
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard accept(character) else { throw malformed("lacks a '\(character)'") }
  }

  /// Reads an object and hands each key to `member`, which reads the value.
  mutating func members(
    _ member: (String, inout JSONCursor) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try expect("{")
    if accept("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(key, &self)
    } while accept(",")
    try expect("}")
  }

  /// Reads an array and calls `element` before each of its values, to read it.
  mutating func elements(
    _ element: (inout JSONCursor) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try expect("[")
    if accept("]") { return }
    repeat { try element(&self) } while accept(",")
    try expect("]")
  }

  /// Reads an array of whole numbers that are not negative.
  mutating func integers() throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try elements { (json) throws(CheckpointError) in values.append(try json.integer()) }
    return values
  }

  /// Reads a whole number that is not negative.
  mutating func integer() throws(CheckpointError) -> Int {
    skipSpace()
    let digits = text[position...].prefix { (0x30...0x39).contains($0) }
    guard let word = String(validating: digits, as: UTF8.self), let value = Int(word),
      word.count == 1 || word.first != "0"
    else { throw malformed("has a size that is not a whole number") }
    position += digits.count
    return value
  }

  /// Reads `true` or `false`.
  mutating func bool() throws(CheckpointError) -> Bool {
    switch word() {
    case "true": return true
    case "false": return false
    default: throw malformed("has something else where true or false belongs")
    }
  }

  /// Passes over `null`, and tells whether it was there.
  mutating func acceptNull() -> Bool {
    let start = position
    if word() == "null" { return true }
    position = start
    return false
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(CheckpointError) { try skip(depth: Self.depth) }

  private mutating func skip(depth: Int) throws(CheckpointError) {
    guard depth > 0 else { throw malformed("is nested more than \(Self.depth) deep") }
    skipSpace()
    switch position < text.count ? Unicode.Scalar(text[position]) : nil {
    case "{":
      try members { (_, json) throws(CheckpointError) in try json.skip(depth: depth - 1) }
    case "[":
      try elements { (json) throws(CheckpointError) in try json.skip(depth: depth - 1) }
    case "\"":
      _ = try string()
    default:
      guard !word().isEmpty else { throw malformed("lacks a value") }
    }
  }

  /// Reads a number or a literal, unchecked.
  private mutating func word() -> String {
    skipSpace()
    let word = text[position...].prefix { byte in
      byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || byte >= 0x30 && byte <= 0x39)
        || [0x2B, 0x2D, 0x2E].contains(byte)
    }
    position += word.count
    return String(decoding: word, as: UTF8.self)
  }

  /// Reads a text.
  mutating func string() throws(CheckpointError) -> String {
    try expect("\"")
    var bytes: [UInt8] = []
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      let byte = text[position]
      guard byte >= 0x20 else { throw malformed("has a control character in a text") }
      position += 1
      if byte == UInt8(ascii: "\\") { try escape(&bytes) } else { bytes.append(byte) }
    }
    try expect("\"")
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw malformed("has text that is not UTF-8")
    }
    return string
  }

  private mutating func escape(_ bytes: inout [UInt8]) throws(CheckpointError) {
    guard position < text.count else { throw malformed("ends inside a text") }
    let code = text[position]
    position += 1
    switch code {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(code)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"): bytes += try unicodeEscape()
    default: throw malformed("has an unknown escape in a text")
    }
  }

  private mutating func unicodeEscape() throws(CheckpointError) -> [UInt8] {
    var units = [try codeUnit()]
    if UTF16.isLeadSurrogate(units[0]) {
      guard position + 2 <= text.count, text[position] == UInt8(ascii: "\\"),
        text[position + 1] == UInt8(ascii: "u")
      else { throw malformed("has half a character in a text") }
      position += 2
      units.append(try codeUnit())
    }
    guard let string = String(validating: units, as: UTF16.self) else {
      throw malformed("has half a character in a text")
    }
    return Array(string.utf8)
  }

  private mutating func codeUnit() throws(CheckpointError) -> UInt16 {
    let digits = text[position...].prefix(4)
    guard digits.count == 4, let word = String(validating: digits, as: UTF8.self),
      word.allSatisfy(\.isHexDigit), let unit = UInt16(word, radix: 16)
    else { throw malformed("has a damaged escape in a text") }
    position += 4
    return unit
  }

  /// Checks that nothing but the padding follows.
  mutating func end() throws(CheckpointError) {
    skipSpace()
    guard position == text.count else { throw malformed("has text after its end") }
  }
}
