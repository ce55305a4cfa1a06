import Glibc

/// A regular file open for reading by position.
///
/// The file is never mapped: a mapped file that someone truncates would end the program.
package final class InputFile: Sendable {
  /// The path as it was given.
  package let path: String
  /// Size in bytes when the file was opened; at least 1.
  package let byteCount: Int
  private let descriptor: CInt

  /// Opens the file at `path`, following symbolic links.
  ///
  /// - Throws: `.missing`, `.notRegular` for a directory, pipe, socket or device, which is refused
  ///   without waiting on it, `.empty`, `.unreadable`.
  package convenience init(path: String) throws(FileAccessError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .reading(path, "cannot be opened") }
    try self.init(adopting: descriptor, path: path)
  }

  /// Takes over an open descriptor, which is closed in any case.
  ///
  /// - Throws: `.notRegular`, `.empty` or `.unreadable`, naming `path`.
  package init(adopting descriptor: CInt, path: String) throws(FileAccessError) {
    do throws(FileAccessError) {
      byteCount = try Self.byteCount(of: descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func byteCount(
    of descriptor: CInt, _ path: String
  ) throws(FileAccessError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .reading(path, "cannot be examined")
    }
    if let kind = kindOfOtherFile(status) {
      throw FileAccessError(
        .notRegular, path, "is \(kind), not a regular file", remedy: "give the name of a file")
    }
    guard status.st_size > 0 else {
      throw FileAccessError(.empty, path, "is empty", remedy: "download or save the file again")
    }
    return Int(status.st_size)
  }

  /// Fills `buffer` with the bytes that start at `offset`.
  ///
  /// - Throws: `.truncated` when the file does not hold that many, `.unreadable` when reading fails.
  @unsafe package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileAccessError) {
    try checkRange(at: offset, count: buffer.count)
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = unsafe pread(
        descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .reading(path, "cannot be read", at: offset + done) }
      guard count > 0 else { throw .ends(path, wanting: rest.count, at: offset + done) }
      done += count
    }
  }

  /// The bytes of a range as an array.
  ///
  /// - Throws: as `read`; nothing is allocated for a range outside the file.
  package func bytes(at offset: Int, count: Int) throws(FileAccessError) -> [UInt8] {
    try checkRange(at: offset, count: count)
    var result = [UInt8](repeating: 0, count: count)
    var span = result.mutableSpan
    try unsafe span.withUnsafeMutableBytes { buffer throws(FileAccessError) in
      try unsafe read(at: offset, into: buffer)
    }
    return result
  }

  /// The whole file.
  package func contents() throws(FileAccessError) -> [UInt8] {
    try bytes(at: 0, count: byteCount)
  }

  private func checkRange(at offset: Int, count: Int) throws(FileAccessError) {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw .ends(path, wanting: count, at: offset)
    }
  }
}
