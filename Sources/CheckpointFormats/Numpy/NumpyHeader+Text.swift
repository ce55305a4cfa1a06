import TensorCore

extension NumpyHeader {
  /// Bytes that hold the longest header accepted.
  static let prefixBytes = 12 + (64 << 10)

  /// Reads the header at the start of `bytes` and tells where the data starts.
  ///
  /// Layout: `\x93NUMPY`, major and minor version, header length (`u16` in version 1, `u32` in 2 and
  /// 3), then a Python dictionary literal of exactly `descr`, `fortran_order` and `shape`.
  ///
  /// - Throws: `.notThisFormat`, `.truncated`, `.corrupt`; `.unsupported` for element types that are
  ///   not numbers; `.refused` for Python objects.
  static func parse(
    _ bytes: [UInt8], file: String, subject: String?
  ) throws(CheckpointError) -> (header: NumpyHeader, dataOffset: Int) {
    var reader = ByteReader(bytes, file: file, subject: subject)
    guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw CheckpointError(.notThisFormat, "is not a numpy array", file: file, subject: subject)
    }
    _ = try reader.take(6)
    let major = try reader.integer(UInt8.self)
    let minor = try reader.integer(UInt8.self)
    guard (1...3).contains(major), minor == 0 else {
      throw CheckpointError(
        .unsupported, "is of npy version \(major).\(minor); 1 to 3 are read", file: file,
        subject: subject)
    }
    let count = major == 1 ? try reader.length(UInt16.self) : try reader.length(UInt32.self)
    guard count <= 64 << 10 else {
      throw CheckpointError(
        .limitExceeded, "has a header of \(count) bytes", file: file, subject: subject)
    }
    let text = try reader.take(count)
    var literal = NumpyLiteral(bytes[text], file: file, subject: subject)
    return (try literal.header(), text.upperBound)
  }

  /// The header of version 1.0, padded so that the data starts at a multiple of 64 bytes.
  func encoded() -> [UInt8] {
    let order = elementType.byteCount == 1 ? "|" : (isBigEndian ? ">" : "<")
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(order)\(numpyCode)', 'fortran_order': "
    text += "\(isFortranOrder ? "True" : "False"), 'shape': (\(sizes)), }"
    let padding = 63 - (10 + text.utf8.count) % 64
    text += String(repeating: " ", count: padding) + "\n"
    let count = text.utf8.count
    precondition(count <= 0xFFFF, "a header of at most 64 axes is short")
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)]
      + Array(text.utf8)
  }

  private var numpyCode: String {
    switch elementType {
    case .float32: "f4"
    case .float64: "f8"
    case .float16: "f2"
    case .int64: "i8"
    case .int32: "i4"
    case .int16: "i2"
    case .int8: "i1"
    case .uint8: "u1"
    case .bool: "b1"
    case .bfloat16: preconditionFailure("numpy has no bfloat16; writers refuse it before")
    }
  }
}

/// The Python literal of a `.npy` header.
private struct NumpyLiteral {
  private var rest: ArraySlice<UInt8>
  private let file: String
  private let subject: String?

  init(_ text: ArraySlice<UInt8>, file: String, subject: String?) {
    rest = text
    self.file = file
    self.subject = subject
  }

  mutating func header() throws(CheckpointError) -> NumpyHeader {
    var type: (elementType: TensorCore.ElementType, isBigEndian: Bool)?
    var isFortran: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where type == nil: type = try elementType()
      case "fortran_order" where isFortran == nil: isFortran = try boolean()
      case "shape" where shape == nil: shape = try sizes()
      default: throw malformed()
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard rest.isEmpty, let type, let isFortran, let shape else { throw malformed() }
    return NumpyHeader(
      elementType: type.elementType, isBigEndian: type.isBigEndian, isFortranOrder: isFortran,
      shape: shape)
  }

  private mutating func elementType() throws(CheckpointError) -> (
    elementType: TensorCore.ElementType, isBigEndian: Bool
  ) {
    skipSpace()
    guard rest.first != UInt8(ascii: "[") else {
      throw CheckpointError(
        .unsupported, "holds records, not numbers", file: file, subject: subject)
    }
    let name = try string()
    if let type = NumpyHeader.elementType(named: name) { return type }
    if name.hasSuffix("O") {
      throw CheckpointError(
        .refused, "holds Python objects ('\(name)'), which cannot be read safely", file: file,
        subject: subject)
    }
    throw CheckpointError(
      .unsupported, "holds elements of type '\(name)'", file: file, subject: subject)
  }

  private mutating func skipSpace() {
    rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard accept(character) else { throw malformed() }
  }

  private mutating func string() throws(CheckpointError) -> String {
    skipSpace()
    guard let quote = rest.popFirst(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
      let end = rest.firstIndex(of: quote),
      let text = String(validating: rest[..<end], as: UTF8.self), !text.contains("\\")
    else { throw malformed() }
    rest = rest[(end + 1)...]
    return text
  }

  private mutating func boolean() throws(CheckpointError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
      rest.removeFirst(word.utf8.count)
      return value
    }
    throw malformed()
  }

  private mutating func sizes() throws(CheckpointError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !accept(")") {
      skipSpace()
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let text = String(validating: digits, as: UTF8.self), let size = Int(text) else {
        throw malformed()
      }
      rest.removeFirst(digits.count)
      // Python 2 marked long integers with a letter.
      _ = accept("L")
      sizes.append(size)
      if !accept(",") {
        // Python reads `(3)` as a number, not as a tuple.
        guard sizes.count > 1 else { throw malformed() }
        try expect(")")
        break
      }
    }
    return sizes
  }

  private func malformed() -> CheckpointError {
    CheckpointError(.corrupt, "has a damaged numpy header", file: file, subject: subject)
  }
}
