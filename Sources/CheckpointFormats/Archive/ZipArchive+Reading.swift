import CZlib
import Synchronization
import TensorCore

extension ZipArchive {
  /// The content of an entry of at most `limit` bytes, its checksum compared.
  ///
  /// - Throws: `.limitExceeded` above `limit`, `.corrupt` when the checksum or the stream is wrong.
  package func bytes(of entry: Entry, limit: Int) throws(CheckpointError) -> [UInt8] {
    guard entry.size <= limit else {
      throw CheckpointError(
        .limitExceeded, "holds \(entry.size) bytes where at most \(limit) make sense",
        file: file.name, subject: entry.name)
    }
    return try unsafe [UInt8](count: entry.size) { buffer throws(CheckpointError) in
      try unsafe read(entry, at: 0, into: buffer)
    }
  }

  /// The first bytes of an entry, at most `count`, before its checksum can be known.
  package func prefix(of entry: Entry, count: Int) throws(CheckpointError) -> [UInt8] {
    let count = min(count, entry.size)
    guard entry.method == .deflated else {
      return try file.bytes(at: entry.dataOffset, count: count)
    }
    return try unsafe [UInt8](count: count) { buffer throws(CheckpointError) in
      try unsafe inflate(entry, into: buffer)
    }
  }

  /// Fills `buffer` with the entry's bytes from `offset` on; the entry's checksum is compared once.
  @unsafe package func read(
    _ entry: Entry, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard offset >= 0, offset <= entry.size, buffer.count <= entry.size - offset else {
      throw CheckpointError(
        .truncated, "has \(entry.size) bytes where \(offset) + \(buffer.count) are needed",
        file: file.name, subject: entry.name)
    }
    let isWhole = buffer.count == entry.size
    switch entry.method {
    case .stored:
      if !isWhole { try verify(entry) }
      try unsafe file.read(at: entry.dataOffset + offset, into: buffer)
      if isWhole { try unsafe compare(Self.checksum(of: UnsafeRawBufferPointer(buffer)), entry) }
    case .deflated where isWhole:
      try unsafe inflate(entry, into: buffer)
      try unsafe compare(Self.checksum(of: UnsafeRawBufferPointer(buffer)), entry)
    case .deflated:
      let content = try unsafe AlignedStorage(byteCount: checkedInflatedSize(entry)) {
        whole throws(CheckpointError) in
        try unsafe read(entry, at: 0, into: whole)
      }
      unsafe content.bytes.withUnsafeBytes { bytes in
        unsafe buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
      }
    }
  }

  /// Checks that an entry may be unpacked into memory, and returns its size.
  package func checkedInflatedSize(_ entry: Entry) throws(CheckpointError) -> Int {
    guard entry.method == .stored || entry.size <= Limits.inflatedBytes else {
      throw CheckpointError(
        .limitExceeded,
        "would unpack to \(entry.size) bytes from \(entry.compressedSize)", file: file.name,
        subject: entry.name, remedy: "pack the archive again without compression")
    }
    return entry.size
  }

  private func verify(_ entry: Entry) throws(CheckpointError) {
    guard hasChecksums, verified.withLock({ !$0.contains(entry.name) }) else { return }
    let step = 1 << 20
    var sum: UInt = 0
    for start in stride(from: 0, to: entry.size, by: step) {
      let chunk = try file.bytes(
        at: entry.dataOffset + start, count: min(step, entry.size - start))
      unsafe chunk.withUnsafeBytes { sum = unsafe Self.checksum(of: $0, after: sum) }
    }
    try compare(sum, entry)
    verified.withLock { _ = $0.insert(entry.name) }
  }

  private func compare(_ sum: UInt, _ entry: Entry) throws(CheckpointError) {
    guard !hasChecksums || sum == entry.checksum else {
      throw CheckpointError(
        .corrupt, "checksum mismatch: the file is damaged", file: file.name, subject: entry.name,
        remedy: "download or copy the file again")
    }
  }

  /// CRC-32 of `bytes` continued from the sum of what came before.
  @unsafe static func checksum(of bytes: UnsafeRawBufferPointer, after sum: UInt = 0) -> UInt {
    unsafe crc32_z(sum, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  }

  /// Unpacks the start of an entry, or all of it, into `buffer`, and never writes past it.
  @unsafe private func inflate(
    _ entry: Entry, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    _ = try checkedInflatedSize(entry)
    guard entry.compressedSize <= Limits.inflatedBytes else {
      throw CheckpointError(
        .limitExceeded, "has \(entry.compressedSize) compressed bytes", file: file.name,
        subject: entry.name)
    }
    var source = try file.bytes(at: entry.dataOffset, count: entry.compressedSize)
    var spare: UInt8 = 0
    let isSound = unsafe source.withUnsafeMutableBufferPointer { input in
      unsafe withUnsafeMutablePointer(to: &spare) { spare in
        var stream = unsafe z_stream()
        guard unsafe pc_inflate_init_raw(&stream) == Z_OK else { return false }
        defer { _ = unsafe inflateEnd(&stream) }
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = UInt32(input.count)
        // zlib refuses a null output even for zero bytes.
        unsafe stream.next_out =
          buffer.bindMemory(to: UInt8.self).baseAddress ?? spare
        unsafe stream.avail_out = UInt32(buffer.count)
        let result = unsafe CZlib.inflate(&stream, Z_FINISH)
        let isFull = unsafe stream.avail_out == 0
        guard buffer.count == entry.size else { return isFull }
        if result == Z_STREAM_END { return unsafe isFull && stream.avail_in == 0 }
        guard isFull else { return false }
        unsafe stream.next_out = spare
        unsafe stream.avail_out = 1
        let last = unsafe CZlib.inflate(&stream, Z_FINISH)
        return unsafe last == Z_STREAM_END && stream.avail_out == 1 && stream.avail_in == 0
      }
    }
    guard isSound else {
      throw CheckpointError(
        .corrupt, "does not unpack to the \(entry.size) bytes declared", file: file.name,
        subject: entry.name, remedy: "download or copy the file again")
    }
  }
}
