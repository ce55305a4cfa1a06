import Glibc

/// A regular file open for reading by position.
///
/// The file is never mapped: a mapped file that someone truncates would end the program.
final class InputFile: Sendable {
  /// Size in bytes when the file was opened.
  let byteCount: Int
  private let descriptor: CInt

  /// - Throws: `.unreadable` when the system refuses or `path` is no regular file; a pipe or device
  ///   is refused without waiting on it.
  init(path: String) throws(ModelFileError) {
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw ModelFileError(
        .unreadable, "cannot be opened: \(systemMessage())",
        remedy: "check the path and its permissions")
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let message = systemMessage()
      close(descriptor)
      throw ModelFileError(.unreadable, "cannot be examined: \(message)")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ModelFileError(
        .unreadable, "is \(kindOfFile(status)), not a regular file", remedy: "give a file")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes that start at `offset`.
  ///
  /// - Throws: `.truncated` when the file ends before, `.unreadable` when reading fails.
  @unsafe func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(ModelFileError) {
    guard unsafe !buffer.isEmpty else { return }
    var done = 0
    while done < buffer.count {
      let count = unsafe pread(
        descriptor, buffer.baseAddress.unsafelyUnwrapped + done,
        min(buffer.count - done, 1 << 30), off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw ModelFileError(.unreadable, "cannot be read: \(systemMessage())", at: offset + done)
      }
      guard count > 0 else {
        throw ModelFileError(
          .truncated, "became shorter while it was read", at: offset + done,
          remedy: "wait until the file is complete")
      }
      done += count
    }
  }

  /// The bytes of a range as an array; the caller has checked it against `byteCount` and a cap.
  func bytes(at offset: Int, count: Int) throws(ModelFileError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    var span = result.mutableSpan
    try unsafe span.withUnsafeMutableBytes { buffer throws(ModelFileError) in
      try unsafe read(at: offset, into: buffer)
    }
    return result
  }

  /// The digest of the whole file.
  func digest() throws(ModelFileError) -> SHA256Digest {
    let hasher = SHA256Hasher()
    for offset in stride(from: 0, to: byteCount, by: 1 << 20) {
      let piece = try bytes(at: offset, count: min(1 << 20, byteCount - offset))
      unsafe hasher.update(piece.span.bytes)
    }
    return hasher.finalize()
  }
}

/// The system's words for `errno`.
func systemMessage(_ number: CInt = errno) -> String { unsafe String(cString: strerror(number)) }

/// What a path that is no regular file is, with its article.
func kindOfFile(_ status: stat) -> String {
  switch status.st_mode & S_IFMT {
  case S_IFDIR: "a directory"
  case S_IFIFO: "a pipe"
  case S_IFSOCK: "a socket"
  default: "a device"
  }
}
