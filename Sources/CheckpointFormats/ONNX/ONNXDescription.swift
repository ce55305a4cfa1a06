/// An ONNX file without the elements of its initializers, and where those are.
///
/// Decoding copies every byte field and keeps unknown ones, so only the description goes through the
/// decoder: this scan of the outer three levels leaves out what is not read, notes the place of the
/// elements, and writes the rest anew.
///
/// ```text
/// model { …, graph { node…, initializer { dims, data_type, name, raw_data }…, input…, output… } }
/// ```
struct ONNXDescription {
  /// Most bytes of a protobuf message.
  static let maximumFileBytes = 2_147_483_647
  /// Most bytes that may be left when the elements are cut out.
  static let maximumBytes = 512 << 20

  /// The elements of one initializer: protobuf field 4 (floats), 9 (raw bytes) or 10 (doubles).
  struct Elements {
    var field: Int
    var offset: Int
    var byteCount: Int
  }

  /// The message that is left.
  private(set) var bytes: [UInt8] = []
  /// The elements of each initializer, in order; nil where they are elsewhere or inside `bytes`.
  private(set) var elements: [Elements?] = []
  private var hasGraph = false

  /// - Throws: `.corrupt`, `.truncated` or `.limitExceeded` with the offset.
  init(_ file: FileBytes) throws(CheckpointError) {
    guard file.count <= Self.maximumFileBytes else {
      throw CheckpointError(
        .limitExceeded, "has \(file.count) bytes, more than a protobuf message may have",
        file: file.name)
    }
    var cursor = WireCursor(file)
    while let field = try cursor.next(before: file.count) {
      switch field.number {
      case 7 where field.isDelimited: try addGraph(field, &cursor)
      case 1, 2, 3, 8, 14: try append(field, &cursor)
      default: try cursor.skip(field)
      }
    }
    guard hasGraph else { throw cursor.corrupt("has no graph") }
  }

  private mutating func addGraph(
    _ graph: WireCursor.Field, _ cursor: inout WireCursor
  ) throws(CheckpointError) {
    guard !hasGraph else { throw cursor.corrupt("has two graphs") }
    hasGraph = true
    var outer: [UInt8] = []
    swap(&outer, &bytes)
    while let field = try cursor.next(before: graph.end) {
      switch field.number {
      case 5 where field.isDelimited: try addInitializer(field, &cursor)
      case 1, 2, 11, 12: try append(field, &cursor)
      case 15:
        throw CheckpointError(
          .unsupported, "holds a sparse tensor", file: cursor.file.name, offset: field.start)
      default: try cursor.skip(field)
      }
    }
    outer.append(delimited: bytes, field: 7)
    bytes = outer
  }

  private mutating func addInitializer(
    _ tensor: WireCursor.Field, _ cursor: inout WireCursor
  ) throws(CheckpointError) {
    var outer: [UInt8] = []
    swap(&outer, &bytes)
    var found: Elements?
    while let field = try cursor.next(before: tensor.end) {
      switch field.number {
      case 4 where field.isDelimited, 9 where field.isDelimited, 10 where field.isDelimited:
        guard found == nil else {
          throw CheckpointError(
            .unsupported, "keeps the elements of a tensor in several pieces",
            file: cursor.file.name, offset: field.start)
        }
        found = Elements(
          field: field.number, offset: field.start, byteCount: field.end - field.start)
        try cursor.skip(field)
      case 1, 2, 4, 5, 7, 8, 10, 13, 14: try append(field, &cursor)
      default: try cursor.skip(field)
      }
    }
    outer.append(delimited: bytes, field: 5)
    bytes = outer
    elements.append(found)
  }

  private mutating func append(
    _ field: WireCursor.Field, _ cursor: inout WireCursor
  ) throws(CheckpointError) {
    let count = field.end - field.key
    guard count <= Self.maximumBytes - bytes.count else {
      throw CheckpointError(
        .limitExceeded, "describes its graph in more than \(Self.maximumBytes) bytes",
        file: cursor.file.name, offset: field.key)
    }
    bytes += try cursor.file.bytes(at: field.key, count: count)
    try cursor.skip(field)
  }
}

/// Walks the fields of a protobuf message in a file.
struct WireCursor {
  struct Field {
    var number: Int
    /// Whether a length precedes the content, as for bytes, texts and messages.
    var isDelimited: Bool
    /// Where the field's key starts.
    var key: Int
    /// Where its content starts and ends.
    var start: Int
    var end: Int
  }

  let file: FileBytes
  private(set) var position = 0
  private var window: [UInt8] = []
  private var windowStart = 0

  init(_ file: FileBytes) { self.file = file }

  /// The next field of the message that ends at `end`; its content is still to be passed.
  ///
  /// - Throws: `.corrupt` for an impossible key or length, `.truncated` when it ends inside a field.
  mutating func next(before end: Int) throws(CheckpointError) -> Field? {
    guard position < end else { return nil }
    let key = position
    let tag = try varint(before: end)
    let number = tag >> 3
    guard number >= 1, number < 1 << 29 else { throw corrupt("has field number \(number)") }
    var length: UInt64
    switch tag & 7 {
    case 0:
      let start = position
      _ = try varint(before: end)
      length = UInt64(position - start)
      position = start
    case 1: length = 8
    case 2: length = try varint(before: end)
    case 5: length = 4
    default: throw corrupt("has a field of wire type \(tag & 7)")
    }
    guard length <= UInt64(end - position) else {
      throw CheckpointError(
        .truncated, "ends inside a field of \(length) bytes", file: file.name, offset: position,
        remedy: "download the file again: it is not complete")
    }
    return Field(
      number: Int(number), isDelimited: tag & 7 == 2, key: key, start: position,
      end: position + Int(length))
  }

  /// Goes on behind `field`.
  mutating func skip(_ field: Field) throws(CheckpointError) { position = field.end }

  func corrupt(_ message: String) -> CheckpointError {
    CheckpointError(
      .corrupt, "is no ONNX model or is damaged: \(message)", file: file.name, offset: position)
  }

  private mutating func varint(before end: Int) throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard position < end else {
        throw CheckpointError(
          .truncated, "ends inside a number", file: file.name, offset: position,
          remedy: "download the file again: it is not complete")
      }
      let byte = try byte(at: position)
      position += 1
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw corrupt("has a number of more than 64 bits")
  }

  private mutating func byte(at offset: Int) throws(CheckpointError) -> UInt8 {
    if offset < windowStart || offset >= windowStart + window.count {
      windowStart = offset
      window = try file.bytes(at: offset, count: min(4096, file.count - offset))
    }
    return window[offset - windowStart]
  }
}

extension [UInt8] {
  /// Appends a protobuf field of `content` behind its length.
  fileprivate mutating func append(delimited content: [UInt8], field: Int) {
    append(UInt8(field << 3 | 2))
    var rest = content.count
    while rest >= 0x80 {
      append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
    append(contentsOf: content)
  }
}
