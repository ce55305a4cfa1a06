import OrderedCollections

/// The header of a safetensors file, read by a parser for exactly its JSON:
/// `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"k": "v"}}`.
///
/// The grammar has a fixed depth, so no nesting can exhaust the stack; repeated keys are refused.
struct SafeTensorsHeader {
  /// What the header says about one tensor.
  struct Entry {
    var dtype: String
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  /// The tensors, in the header's order.
  private(set) var entries: OrderedDictionary<String, Entry> = [:]
  /// Free text of the writer.
  private(set) var metadata: OrderedDictionary<String, String> = [:]

  /// Parses the text of a header.
  init(_ text: [UInt8], file: String) throws(CheckpointError) {
    var json = JSONCursor(text, file: file)
    var hasMetadata = false
    try json.members { (name, json) throws(CheckpointError) in
      if name == "__metadata__", !hasMetadata {
        hasMetadata = true
        try json.members { (key, json) throws(CheckpointError) in
          guard metadata.updateValue(try json.string(), forKey: key) == nil else {
            throw json.malformed("repeats '\(key)'")
          }
        }
        return
      }
      guard name != "__metadata__", entries[name] == nil else {
        throw json.malformed("has two tensors named '\(name)'")
      }
      entries[name] = try Self.entry(&json, name)
    }
    try json.end()
  }

  private static func entry(
    _ json: inout JSONCursor, _ name: String
  ) throws(CheckpointError) -> Entry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try json.members { (key, json) throws(CheckpointError) in
      switch key {
      case "dtype" where dtype == nil: dtype = try json.string()
      case "shape" where shape == nil: shape = try json.integers()
      case "data_offsets" where offsets == nil: offsets = try json.integers()
      default: throw json.malformed("has the unknown or repeated key '\(key)' in '\(name)'")
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw json.malformed("lacks the type, shape or place of '\(name)'")
    }
    return Entry(dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

/// A cursor over JSON text.
private struct JSONCursor {
  private let text: [UInt8]
  private var position = 0
  private let file: String

  init(_ text: [UInt8], file: String) {
    self.text = text
    self.file = file
  }

  func malformed(_ what: String) -> CheckpointError {
    CheckpointError(.corrupt, what, file: file, subject: "header", offset: position)
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

  mutating func integers() throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try expect("[")
    if accept("]") { return values }
    repeat {
      skipSpace()
      let digits = text[position...].prefix { (0x30...0x39).contains($0) }
      guard let word = String(validating: digits, as: UTF8.self), let value = Int(word),
        word.count == 1 || word.first != "0"
      else { throw malformed("has a size that is not a whole number") }
      position += digits.count
      values.append(value)
    } while accept(",")
    try expect("]")
    return values
  }

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
