import OrderedCollections

/// The central directory of a zip file: found from the end, then read entry by entry.
struct ZipDirectory {
  private let file: FileBytes
  private var start = 0
  private var byteCount = 0
  private var entryCount = 0

  /// Finds the directory through the end record whose comment reaches the end of the file.
  init(_ file: FileBytes) throws(CheckpointError) {
    self.file = file
    let tailCount = min(file.count, 22 + 65_535)
    let tailStart = file.count - tailCount
    let tail = try file.bytes(at: tailStart, count: tailCount)
    guard let position = Self.endRecord(in: tail) else {
      throw CheckpointError(
        .truncated, "is cut off: the zip directory at its end is missing", file: file.name,
        remedy: "download the file again: it is not complete")
    }
    var reader = ByteReader(tail, file: file.name, subject: "zip directory", offset: position + 4)
    let disk = try reader.integer(UInt16.self)
    let directoryDisk = try reader.integer(UInt16.self)
    let entriesHere = try reader.integer(UInt16.self)
    let entries = try reader.integer(UInt16.self)
    byteCount = Int(try reader.integer(UInt32.self))
    start = Int(try reader.integer(UInt32.self))
    entryCount = Int(entries)
    guard disk == 0 || disk == .max, directoryDisk == 0 || directoryDisk == .max,
      entriesHere == entries
    else { throw unsupported("is one part of an archive split over several files") }
    var end = tailStart + position
    if let record = try zip64Record(before: end) {
      end = record
    } else if start == 0xFFFF_FFFF || byteCount == 0xFFFF_FFFF || entries == .max {
      throw corrupt("declares a zip64 directory that is missing")
    }
    guard start <= end, byteCount <= end - start else {
      throw corrupt("has a zip directory that does not fit: \(byteCount) bytes at byte \(start)")
    }
    guard entryCount <= ZipArchive.Limits.entryCount else {
      throw CheckpointError(
        .limitExceeded, "has \(entryCount) entries, more than 100000", file: file.name)
    }
    guard byteCount <= ZipArchive.Limits.directoryBytes else {
      throw CheckpointError(
        .limitExceeded, "has a zip directory of \(byteCount) bytes", file: file.name)
    }
  }

  private static func endRecord(in tail: [UInt8]) -> Int? {
    guard tail.count >= 22 else { return nil }
    return (0...tail.count - 22).last { position in
      tail[position] == 0x50 && tail[position + 1] == 0x4B && tail[position + 2] == 5
        && tail[position + 3] == 6
        && Int(tail[position + 20]) | Int(tail[position + 21]) << 8 == tail.count - position - 22
    }
  }

  /// Reads the zip64 end record, if a locator precedes the end record, and returns where it starts.
  private mutating func zip64Record(before end: Int) throws(CheckpointError) -> Int? {
    guard end >= 20 else { return nil }
    var locator = ByteReader(try file.bytes(at: end - 20, count: 20), file: file.name)
    guard try locator.integer(UInt32.self) == 0x0706_4B50 else { return nil }
    let disk = try locator.integer(UInt32.self)
    let position = try locator.length(UInt64.self)
    let disks = try locator.integer(UInt32.self)
    guard disk == 0, disks <= 1 else {
      throw unsupported("is one part of an archive split over several files")
    }
    guard position <= end - 20, end - 20 - position >= 56 else {
      throw corrupt("has a zip64 directory that does not fit")
    }
    var record = ByteReader(
      try file.bytes(at: position, count: 56), file: file.name, subject: "zip64 directory")
    guard try record.integer(UInt32.self) == 0x0606_4B50 else {
      throw corrupt("has a damaged zip64 directory")
    }
    _ = try record.take(12)
    let disksMatch = try record.integer(UInt64.self) == 0
    let entriesHere = try record.length(UInt64.self)
    entryCount = try record.length(UInt64.self)
    byteCount = try record.length(UInt64.self)
    start = try record.length(UInt64.self)
    guard disksMatch, entriesHere == entryCount else {
      throw unsupported("is one part of an archive split over several files")
    }
    return position
  }

  /// Reads every entry, then checks that no two share a name or bytes.
  func entries() throws(CheckpointError) -> OrderedDictionary<String, ZipArchive.Entry> {
    var reader = ByteReader(
      try file.bytes(at: start, count: byteCount), file: file.name, subject: "zip directory")
    var entries: OrderedDictionary<String, ZipArchive.Entry> = [:]
    var names: Set<String> = []
    var extents: [(start: Int, end: Int, name: String)] = []
    for _ in 0..<entryCount {
      let (listed, headerOffset) = try entry(&reader)
      guard names.insert(listed.name).inserted else {
        throw corrupt("has two entries named '\(listed.name)'")
      }
      let entry = try located(listed, headerOffset: headerOffset)
      extents.append((headerOffset, entry.dataOffset + entry.compressedSize, entry.name))
      if !entry.name.hasSuffix("/") { entries[entry.name] = entry }
    }
    guard reader.remaining == 0 else {
      throw corrupt("has \(reader.remaining) stray bytes in its zip directory")
    }
    extents.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    for (first, second) in zip(extents, extents.dropFirst()) where second.start < first.end {
      throw corrupt("has overlapping entries '\(first.name)' and '\(second.name)'")
    }
    return entries
  }

  private func entry(
    _ reader: inout ByteReader
  ) throws(CheckpointError) -> (ZipArchive.Entry, headerOffset: Int) {
    guard try reader.integer(UInt32.self) == 0x0201_4B50 else {
      throw corrupt("has a damaged zip directory")
    }
    _ = try reader.take(4)
    let flags = try reader.integer(UInt16.self)
    let method = try reader.integer(UInt16.self)
    _ = try reader.take(4)
    let checksum = try reader.integer(UInt32.self)
    let compressed = try reader.integer(UInt32.self)
    let uncompressed = try reader.integer(UInt32.self)
    let nameCount = Int(try reader.integer(UInt16.self))
    let extraCount = Int(try reader.integer(UInt16.self))
    let commentCount = Int(try reader.integer(UInt16.self))
    let disk = try reader.integer(UInt16.self)
    _ = try reader.take(6)
    let offset = try reader.integer(UInt32.self)
    let name = try Self.name(reader.bytes[reader.take(nameCount)], file: file)
    var sizes = Zip64Sizes(
      [uncompressed, compressed, offset],
      extra: ByteReader(
        Array(reader.bytes[try reader.take(extraCount)]), file: file.name, subject: name))
    _ = try reader.take(commentCount)
    guard disk == 0 || disk == .max else {
      throw unsupported("is one part of an archive split over several files", name)
    }
    guard flags & 0x2041 == 0 else { throw unsupported("has an encrypted entry", name) }
    let kind = try Self.method(method, name, file)
    let size = try sizes.next()
    let compressedSize = try sizes.next()
    let headerOffset = try sizes.next()
    let entry = ZipArchive.Entry(
      name: name, method: kind, compressedSize: compressedSize, size: size, checksum: checksum,
      dataOffset: 0)
    try checkSizes(of: entry)
    return (entry, headerOffset)
  }

  private func checkSizes(of entry: ZipArchive.Entry) throws(CheckpointError) {
    guard entry.method == .deflated || entry.size == entry.compressedSize else {
      throw corrupt(
        "has a stored entry of two sizes, \(entry.size) and \(entry.compressedSize)", entry.name)
    }
    guard entry.compressedSize >= entry.size / ZipArchive.Limits.ratio else {
      throw CheckpointError(
        .limitExceeded,
        "has an entry that would unpack to \(entry.size) bytes from \(entry.compressedSize)",
        file: file.name, subject: entry.name)
    }
  }

  private static func method(
    _ method: UInt16, _ name: String, _ file: FileBytes
  ) throws(CheckpointError) -> ZipArchive.Method {
    switch method {
    case 0: return .stored
    case 8: return .deflated
    default:
      throw CheckpointError(
        .unsupported, "has an entry compressed by method \(method)", file: file.name,
        subject: name, remedy: "pack the archive again, stored or deflated")
    }
  }

  private static func name(
    _ bytes: ArraySlice<UInt8>, file: FileBytes
  ) throws(CheckpointError) -> String {
    guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty,
      bytes.count <= ZipArchive.Limits.nameBytes
    else {
      throw CheckpointError(
        .corrupt, "has a zip entry whose name is empty, too long or not UTF-8", file: file.name)
    }
    return name
  }

  /// Reads the local header: where the data starts, and that it is the same entry.
  private func located(
    _ entry: ZipArchive.Entry, headerOffset: Int
  ) throws(CheckpointError) -> ZipArchive.Entry {
    guard headerOffset <= start, start - headerOffset >= 30 else {
      throw corrupt("has an entry that starts outside the file", entry.name)
    }
    var header = ByteReader(try file.bytes(at: headerOffset, count: 30), file: file.name)
    let signature = try header.integer(UInt32.self)
    _ = try header.take(22)
    let nameCount = Int(try header.integer(UInt16.self))
    let extraCount = Int(try header.integer(UInt16.self))
    let room = start - headerOffset - 30
    guard signature == 0x0403_4B50 else { throw corrupt("has no entry where one is", entry.name) }
    guard nameCount + extraCount <= room,
      entry.compressedSize <= room - nameCount - extraCount
    else { throw corrupt("has an entry that reaches past the zip directory", entry.name) }
    let name = try file.bytes(at: headerOffset + 30, count: nameCount)
    guard name.elementsEqual(entry.name.utf8) else {
      throw corrupt("names an entry differently in its header and in the directory", entry.name)
    }
    var result = entry
    result.dataOffset = headerOffset + 30 + nameCount + extraCount
    return result
  }

  private func corrupt(_ message: String, _ subject: String? = nil) -> CheckpointError {
    CheckpointError(.corrupt, message, file: file.name, subject: subject)
  }

  private func unsupported(_ message: String, _ subject: String? = nil) -> CheckpointError {
    CheckpointError(.unsupported, message, file: file.name, subject: subject)
  }
}

/// The three sizes of a directory entry, each taken from the zip64 extra field when its 32-bit field
/// is full.
private struct Zip64Sizes {
  private var fields: ArraySlice<UInt32>
  private var extra: ByteReader
  private var isLocated = false

  init(_ fields: [UInt32], extra: ByteReader) {
    self.fields = fields[...]
    self.extra = extra
  }

  mutating func next() throws(CheckpointError) -> Int {
    let field = fields.removeFirst()
    guard field == .max else { return Int(field) }
    while !isLocated {
      let identifier = try extra.integer(UInt16.self)
      let count = Int(try extra.integer(UInt16.self))
      isLocated = identifier == 1
      if !isLocated { _ = try extra.take(count) }
    }
    return try extra.length(UInt64.self)
  }
}
