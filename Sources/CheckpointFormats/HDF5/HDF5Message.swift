/// The messages by which the child reports a file's content.
///
/// On the wire: kind `u8`, body length `u32`, body; integers little endian, strings as `u32` byte
/// count and UTF-8. The body of `dataset` is followed by the dataset's bytes, whose number follows
/// from its type and shape. Groups open and close like brackets; `end` comes last, or `failure`.
enum HDF5MessageKind: UInt8 {
  /// Name. The root group is never named: it is open from the start.
  case groupStart = 1
  /// Ends the group opened last.
  case groupEnd
  /// Name, `HDF5AttributeKind`, count `u32`, values.
  case attribute
  /// Name, index in `HDF5DatasetHeader.elementTypes` `u8`, rank `u8`, shape `u64` each.
  case dataset
  /// `HDF5Refusal.Kind`, subject, message, remedy.
  case failure
  /// Nothing more follows.
  case end
}

/// How the values of an attribute message are encoded.
enum HDF5AttributeKind: UInt8 {
  /// One string.
  case string = 1
  /// `count` strings.
  case strings
  /// `count` times `i64`.
  case integers
  /// `count` times `f64`.
  case doubles
  /// Nothing.
  case empty
}

/// Why the child refused a file.
struct HDF5Refusal: Error {
  /// What kind of refusal; each becomes a code of `CheckpointError`.
  enum Kind: UInt8 {
    /// The file is damaged.
    case corrupt = 1
    /// The file uses something that is not read.
    case unsupported
    /// The file refers to others or holds what only a program could use.
    case refused
    /// The file asks for more than a checkpoint needs.
    case limitExceeded
    /// The child could not isolate itself, so it did not look at the file.
    case sandbox
  }

  /// What kind of refusal this is.
  let kind: Kind
  /// Path of the object concerned; `@` before an attribute.
  var subject = ""
  /// What is wrong, without the place.
  let message: String
  /// What the user can do about it.
  let remedy: String

  /// Creates a refusal.
  init(_ kind: Kind, _ message: String, subject: String = "", remedy: String = "") {
    self.kind = kind
    self.subject = subject
    self.message = message
    self.remedy = remedy
  }
}

/// Builds the body of one message.
struct HDF5MessageBody {
  private(set) var bytes: [UInt8] = []

  /// Appends an integer, little endian.
  mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends a string and its length.
  mutating func append(_ string: String) {
    append(UInt32(string.utf8.count))
    bytes.append(contentsOf: string.utf8)
  }

  /// Appends kind, count and values of an attribute.
  mutating func append(_ attribute: HDF5Attribute) {
    switch attribute {
    case .string(let value): appendValues([value], .string) { $0.append($1) }
    case .strings(let values): appendValues(values, .strings) { $0.append($1) }
    case .integers(let values): appendValues(values, .integers) { $0.append($1) }
    case .doubles(let values): appendValues(values, .doubles) { $0.append($1.bitPattern) }
    case .empty: appendValues([UInt8](), .empty) { $0.append($1) }
    }
  }

  private mutating func appendValues<Value>(
    _ values: [Value], _ kind: HDF5AttributeKind, each: (inout Self, Value) -> Void
  ) {
    append(kind.rawValue)
    append(UInt32(values.count))
    for value in values { each(&self, value) }
  }
}

/// Takes one message body apart. The child has parsed a foreign file, so nothing in it is trusted.
struct HDF5MessageReader {
  private var reader: ByteReader

  /// Starts at the first byte.
  init(_ bytes: [UInt8], file: String) {
    reader = ByteReader(bytes, file: file, subject: "report of the HDF5 reader")
  }

  /// The error for a report that does not follow the protocol.
  func violation(_ message: String) -> CheckpointError {
    CheckpointError(
      .corrupt, "the HDF5 reader misbehaved on this file: \(message)", file: reader.file,
      offset: reader.offset)
  }

  /// Throws unless the whole body was taken.
  func finish() throws(CheckpointError) {
    guard reader.remaining == 0 else { throw violation("a message is too long") }
  }

  /// Takes an integer.
  mutating func integer<Value: FixedWidthInteger>(
    _: Value.Type = Value.self
  ) throws(CheckpointError) -> Value {
    guard reader.remaining >= Value.bitWidth / 8 else { throw violation("a message is too short") }
    return try reader.integer(Value.self)
  }

  /// Takes a string.
  mutating func string() throws(CheckpointError) -> String {
    let count = Int(try integer(UInt32.self))
    guard reader.remaining >= count else { throw violation("a message is too short") }
    guard let string = String(validating: reader.bytes[try reader.take(count)], as: UTF8.self)
    else {
      throw violation("a string is not UTF-8")
    }
    return string
  }

  /// Takes the name of a group, dataset or attribute.
  mutating func name() throws(CheckpointError) -> String {
    let name = try string()
    guard !name.isEmpty, name.utf8.count <= HDF5Limits.nameBytes else {
      throw violation("a name of \(name.utf8.count) bytes")
    }
    return name
  }

  /// Takes kind, count and values of an attribute.
  mutating func attribute() throws(CheckpointError) -> HDF5Attribute {
    guard let kind = HDF5AttributeKind(rawValue: try integer()) else {
      throw violation("an attribute of an unknown kind")
    }
    let count = Int(try integer(UInt32.self))
    guard count <= reader.remaining else { throw violation("a message is too short") }
    switch kind {
    case .string: return .string(try string())
    case .strings:
      var values: [String] = []
      for _ in 0..<count { values.append(try string()) }
      return .strings(values)
    case .integers:
      var values: [Int] = []
      for _ in 0..<count { values.append(try integer()) }
      return .integers(values)
    case .doubles:
      var values: [Double] = []
      for _ in 0..<count { values.append(Double(bitPattern: try integer())) }
      return .doubles(values)
    case .empty: return .empty
    }
  }
}
