/// A cursor over bytes from a file; every read checks its bounds and throws.
///
/// Integers are little-endian.
package struct ByteReader {
  /// The bytes being read; slices of them share storage.
  package let bytes: [UInt8]
  /// Position of the next byte to read.
  package private(set) var offset: Int
  /// Name of the file, for errors.
  package let file: String
  /// Name of the part of the file that `bytes` are, for errors.
  package let subject: String?

  /// Starts at `offset` of `bytes`.
  package init(_ bytes: [UInt8], file: String, subject: String? = nil, offset: Int = 0) {
    self.bytes = bytes
    self.file = file
    self.subject = subject
    self.offset = offset
  }

  /// Number of bytes not read yet.
  package var remaining: Int { bytes.count - offset }

  /// Takes the next `count` bytes and returns where they are.
  ///
  /// - Throws: `.truncated` when fewer remain.
  package mutating func take(_ count: Int) throws(CheckpointError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw CheckpointError(
        .truncated, "ends where \(count) more bytes are expected", file: file, subject: subject,
        offset: offset)
    }
    defer { offset += count }
    return offset..<offset + count
  }

  /// Takes the next integer.
  package mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(CheckpointError) -> T {
    var value: T = 0
    for (position, index) in try take(T.bitWidth / 8).enumerated() {
      value |= T(truncatingIfNeeded: bytes[index]) << T(truncatingIfNeeded: position * 8)
    }
    return value
  }

  /// Takes an unsigned integer of type `T` as an `Int`.
  ///
  /// - Throws: `.corrupt` when it does not fit, which no length or offset in a real file does.
  package mutating func length<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type
  ) throws(CheckpointError) -> Int {
    let start = offset
    let value = try integer(T.self)
    guard let length = Int(exactly: value) else {
      throw CheckpointError(
        .corrupt, "declares a length of \(value)", file: file, subject: subject, offset: start)
    }
    return length
  }
}
