import CZlib
import FileAccess

/// Writes a zip archive of stored entries; the same entries give the same bytes.
///
/// The archive replaces what is at its path only when it is finished.
/// Sizes are known before an entry is written, so no data descriptors are needed; the date is that of
/// zip's epoch. An entry or offset beyond 32 bits gets zip64 fields.
///
/// - Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5
struct ZipWriter: ~Copyable {
  private struct Record {
    let name: [UInt8]
    let checksum: UInt32
    let byteCount: Int
    let offset: Int
  }

  private var output: OutputFile
  private var records: [Record] = []
  private var offset = 0
  /// Sizes and offsets from here on are written as zip64; lower only in tests.
  private let zip64Threshold: Int

  /// Creates a writer of the archive at `path`.
  ///
  /// - Throws: `.unreadable` when the system cannot create it.
  init(path: String, zip64Threshold: Int = 0xFFFF_FFFF) throws(CheckpointError) {
    do throws(FileAccessError) {
      output = try OutputFile(path: path, replacing: true)
    } catch {
      throw CheckpointError(error)
    }
    self.zip64Threshold = zip64Threshold
  }

  /// Appends one entry whose content is `header` followed by `payload`.
  mutating func add(
    _ name: String, header: [UInt8], payload: RawSpan
  ) throws(CheckpointError) {
    let name = Array(name.utf8)
    guard name.count <= ZipArchive.Limits.nameBytes else {
      throw CheckpointError(.unsupported, "an entry name of \(name.count) bytes is too long")
    }
    let sum = unsafe header.withUnsafeBytes { unsafe ZipArchive.checksum(of: $0) }
    let total = unsafe payload.withUnsafeBytes { unsafe ZipArchive.checksum(of: $0, after: sum) }
    let record = Record(
      name: name, checksum: UInt32(truncatingIfNeeded: total),
      byteCount: header.count + payload.byteCount, offset: offset)
    let local = localHeader(record)
    do throws(FileAccessError) {
      try output.write(local)
      try output.write(header)
      try output.write(payload)
    } catch {
      throw CheckpointError(error)
    }
    offset += local.count + record.byteCount
    records.append(record)
  }

  /// Appends the directory and puts the archive in its place.
  consuming func finish() throws(CheckpointError) {
    var directory: [UInt8] = []
    for record in records { directory += directoryEntry(record) }
    directory += endRecords(directoryBytes: directory.count)
    do throws(FileAccessError) {
      try output.write(directory)
      try output.commit()
    } catch {
      throw CheckpointError(error)
    }
  }

  private func field(_ value: Int) -> UInt32 {
    value >= zip64Threshold ? .max : UInt32(value)
  }

  private func localHeader(_ record: Record) -> [UInt8] {
    let isLarge = record.byteCount >= zip64Threshold
    var bytes = ByteList()
    bytes.add(0x0403_4B50 as UInt32)
    bytes.add(prologue: isLarge, record.checksum, field(record.byteCount))
    bytes.add(UInt16(record.name.count))
    bytes.add(isLarge ? 20 as UInt16 : 0)
    bytes.values += record.name
    if isLarge {
      bytes.add(1 as UInt16)
      bytes.add(16 as UInt16)
      bytes.add(UInt64(record.byteCount))
      bytes.add(UInt64(record.byteCount))
    }
    return bytes.values
  }

  private func directoryEntry(_ record: Record) -> [UInt8] {
    var extra = ByteList()
    let isLarge = record.byteCount >= zip64Threshold
    if isLarge {
      extra.add(UInt64(record.byteCount))
      extra.add(UInt64(record.byteCount))
    }
    if record.offset >= zip64Threshold { extra.add(UInt64(record.offset)) }
    var bytes = ByteList()
    bytes.add(0x0201_4B50 as UInt32)
    bytes.add(45 as UInt16)
    bytes.add(prologue: !extra.values.isEmpty, record.checksum, field(record.byteCount))
    bytes.add(UInt16(record.name.count))
    bytes.add(UInt16(extra.values.isEmpty ? 0 : extra.values.count + 4))
    bytes.values += [UInt8](repeating: 0, count: 10)
    bytes.add(field(record.offset))
    bytes.values += record.name
    if !extra.values.isEmpty {
      bytes.add(1 as UInt16)
      bytes.add(UInt16(extra.values.count))
      bytes.values += extra.values
    }
    return bytes.values
  }

  private func endRecords(directoryBytes: Int) -> [UInt8] {
    var bytes = ByteList()
    let isLarge = max(offset, directoryBytes) >= zip64Threshold || records.count >= 0xFFFF
    if isLarge {
      bytes.add(0x0606_4B50 as UInt32)
      bytes.add(44 as UInt64)
      bytes.add(45 as UInt16)
      bytes.add(45 as UInt16)
      bytes.add(0 as UInt64)
      for value in [records.count, records.count, directoryBytes, offset] {
        bytes.add(UInt64(value))
      }
      bytes.add(0x0706_4B50 as UInt32)
      bytes.add(0 as UInt32)
      bytes.add(UInt64(offset + directoryBytes))
      bytes.add(1 as UInt32)
    }
    bytes.add(0x0605_4B50 as UInt32)
    bytes.add(0 as UInt32)
    bytes.add(UInt16(min(records.count, 0xFFFF)))
    bytes.add(UInt16(min(records.count, 0xFFFF)))
    bytes.add(field(directoryBytes))
    bytes.add(field(offset))
    bytes.add(0 as UInt16)
    return bytes.values
  }
}

/// Bytes being composed, little-endian.
private struct ByteList {
  var values: [UInt8] = []

  mutating func add<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      values.append(UInt8(truncatingIfNeeded: value >> T(truncatingIfNeeded: shift)))
    }
  }

  /// Version needed, UTF-8 flag, stored, 1980-01-01 00:00, checksum, both sizes.
  mutating func add(prologue isZip64: Bool, _ checksum: UInt32, _ size: UInt32) {
    add(isZip64 ? 45 as UInt16 : 20)
    add(0x0800 as UInt16)
    add(0 as UInt16)
    add(0x0021_0000 as UInt32)
    add(checksum)
    add(size)
    add(size)
  }
}
