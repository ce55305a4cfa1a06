/// The first 128 bytes of a model file; integers are little-endian.
///
/// ```text
/// 0   8  magic 89 'P' 'C' 'M' 0D 0A 1A 0A      changed by text-mode and 7-bit copies
/// 8   u16 major, u16 minor, u32 header bytes (128)
/// 16  u64 file bytes
/// 24  u64 manifest offset (128), u64 manifest bytes
/// 40  u64 data offset (the next multiple of 4096), u64 data bytes
/// 56  u32 flags that a reader must understand, u32 zero
/// 64  SHA-256 of the manifest
/// 96  28 zero bytes, u32 CRC-32C of bytes 0 to 123
/// ```
struct FileHeader: Equatable {
  static let byteCount = 128
  static let magic: [UInt8] = [0x89, 0x50, 0x43, 0x4D, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The version that this program writes; it reads every minor version of this major one.
  static let currentMajor: UInt16 = 1
  static let currentMinor: UInt16 = 0
  static let dataAlignment = 4096
  static let largestManifest = 16 << 20

  var major = Self.currentMajor
  var minor = Self.currentMinor
  var headerBytes = UInt32(Self.byteCount)
  var fileBytes: UInt64
  var manifestOffset = UInt64(Self.byteCount)
  var manifestBytes: UInt64
  var dataOffset: UInt64
  var dataBytes: UInt64
  var flags: UInt32 = 0
  var manifestDigest: SHA256Digest
  /// The reserved bytes 60 to 63 and 96 to 123, all zero in minor version 0.
  var reserved = [UInt8](repeating: 0, count: 32)

  /// The header of a file of the current version.
  init(manifest: [UInt8], dataBytes: Int) {
    let offset = (Self.byteCount + manifest.count).roundedUp(to: Self.dataAlignment)
    manifestBytes = UInt64(manifest.count)
    dataOffset = UInt64(offset)
    self.dataBytes = UInt64(dataBytes)
    fileBytes = UInt64(offset + dataBytes)
    manifestDigest = unsafe SHA256Digest(of: manifest.span.bytes)
  }

  /// The 128 bytes, with their checksum.
  var encoded: [UInt8] {
    var bytes = Self.magic
    bytes += littleEndian(major) + littleEndian(minor) + littleEndian(headerBytes)
    bytes += littleEndian(fileBytes) + littleEndian(manifestOffset) + littleEndian(manifestBytes)
    bytes += littleEndian(dataOffset) + littleEndian(dataBytes)
    bytes += littleEndian(flags) + reserved[..<4]
    bytes += manifestDigest.bytes + reserved[4...]
    return bytes + littleEndian(crc32c(bytes))
  }
}

extension FileHeader {
  /// Reads a header from the first bytes of a file, up to 128 of them, and checks it by itself.
  ///
  /// - Throws: `.truncated` when `bytes` are fewer, `.corrupt` when they are no model file's or are
  ///   damaged, `.unsupportedVersion` when the major version or a flag is unknown.
  init(decoding bytes: [UInt8]) throws(ModelFileError) {
    try Self.checkMagic(bytes)
    guard bytes.count == Self.byteCount else {
      throw ModelFileError(
        .truncated, "ends inside its header of \(Self.byteCount) bytes", at: bytes.count,
        remedy: "copy or download the file again: it is not complete")
    }
    major = load(bytes, 8)
    minor = load(bytes, 10)
    guard major == Self.currentMajor else {
      throw ModelFileError(
        .unsupportedVersion,
        "is a model file of version \(major).\(minor); this program reads \(Self.currentMajor).x",
        at: 8, remedy: "use a newer program, or convert the checkpoint again with this one")
    }
    guard load(bytes, 124) == crc32c(bytes[..<124]) else {
      throw ModelFileError(
        .corrupt, "has a damaged header: its checksum does not match", at: 124,
        remedy: "copy or convert the file again")
    }
    headerBytes = load(bytes, 12)
    fileBytes = load(bytes, 16)
    manifestOffset = load(bytes, 24)
    manifestBytes = load(bytes, 32)
    dataOffset = load(bytes, 40)
    dataBytes = load(bytes, 48)
    flags = load(bytes, 56)
    reserved = Array(bytes[60..<64] + bytes[96..<124])
    guard let digest = SHA256Digest(bytes: Array(bytes[64..<96])) else {
      preconditionFailure("32 bytes of a header make a digest")
    }
    manifestDigest = digest
    try checkVersionedFields()
  }

  private static func checkMagic(_ bytes: [UInt8]) throws(ModelFileError) {
    let start = bytes.prefix(magic.count)
    if start.elementsEqual(magic.prefix(start.count)) {
      guard bytes.isEmpty else { return }
      throw ModelFileError(
        .truncated, "is empty", at: 0, remedy: "copy or convert the file again")
    }
    let isMangled = start.dropFirst().starts(with: magic[1..<4])
    throw ModelFileError(
      .corrupt,
      isMangled ? "was changed by a text-mode or 7-bit copy" : "is not a .pcm model file", at: 0,
      remedy: isMangled
        ? "copy the file again in binary mode" : "convert the checkpoint with pconv-convert first")
  }

  private func checkVersionedFields() throws(ModelFileError) {
    guard flags == 0 else {
      throw ModelFileError(
        .unsupportedVersion,
        "needs features that this program does not know (flags 0x\(String(flags, radix: 16)))",
        at: 56, remedy: "use a newer program")
    }
    guard headerBytes == Self.byteCount, manifestOffset == Self.byteCount else {
      throw ModelFileError(
        .corrupt, "declares \(headerBytes) header bytes and a manifest at \(manifestOffset)", at: 12
      )
    }
    guard minor > Self.currentMinor || reserved.allSatisfy({ $0 == 0 }) else {
      throw ModelFileError(.corrupt, "has reserved header bytes that are not zero", at: 60)
    }
  }

  /// Checks the sections against each other and against the size of the file.
  ///
  /// - Throws: `.truncated`, `.limitExceeded` for a manifest of more than 16 MiB, `.corrupt`.
  func checkSections(fileByteCount: Int) throws(ModelFileError) {
    guard fileBytes <= fileByteCount else {
      throw ModelFileError(
        .truncated, "has \(fileByteCount) of its \(fileBytes) bytes", at: fileByteCount,
        remedy: "copy or download the file again: it is not complete")
    }
    guard fileBytes == fileByteCount else {
      throw ModelFileError(
        .corrupt, "has \(fileByteCount) bytes, more than the \(fileBytes) it declares",
        at: Int(fileBytes), remedy: "copy or convert the file again")
    }
    guard manifestBytes <= Self.largestManifest else {
      throw ModelFileError(
        .limitExceeded,
        "has a manifest of \(manifestBytes) bytes; at most \(Self.largestManifest) are read",
        at: 32)
    }
    let end = (Self.byteCount + Int(manifestBytes)).roundedUp(to: Self.dataAlignment)
    guard dataOffset == UInt64(end), dataOffset <= fileBytes, dataBytes == fileBytes - dataOffset
    else {
      throw ModelFileError(
        .corrupt, "has a data section at \(dataOffset) of \(dataBytes) bytes that does not fit",
        at: 40)
    }
  }
}

extension Int {
  /// The least multiple of `step` that is not less; both are far from overflow.
  func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}

private func littleEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
  (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

private func load<Number: FixedWidthInteger>(_ bytes: [UInt8], _ offset: Int) -> Number {
  (0..<Number.bitWidth / 8).reduce(0) { $0 | Number(bytes[offset + $1]) << ($1 * 8) }
}
