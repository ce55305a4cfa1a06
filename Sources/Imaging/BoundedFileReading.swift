import Glibc

/// The whole of a regular file of at most `limit` bytes.
///
/// - Throws: `unreadable` when it cannot be opened or read or is not a regular file (a pipe or a
///   device is refused without waiting on it), `limitExceeded` when it is longer than `limit`.
func readWholeFile(at path: String, limit: Int) throws(ImagingError) -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw unreadable(path, lastSystemError()) }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else {
    throw unreadable(path, lastSystemError())
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw unreadable(path, "it is not a regular file")
  }
  guard status.st_size <= limit else {
    throw ImagingError(
      .limitExceeded, "the file has \(status.st_size) bytes, more than the limit of \(limit)",
      in: path, remedy: "give a smaller file or raise the limit on file bytes")
  }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe read(descriptor, buffer.baseAddress.unsafelyUnwrapped + filled, buffer.count - filled)
    }
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw unreadable(path, lastSystemError()) }
    guard count > 0 else { throw unreadable(path, "it became shorter while it was read") }
    filled += count
  }
  return bytes
}

private func unreadable(_ path: String, _ reason: String) -> ImagingError {
  ImagingError(
    .unreadable, "the file cannot be read: \(reason)", in: path,
    remedy: "check the path and its permissions")
}

/// The system's words for `errno`.
func lastSystemError() -> String { unsafe String(cString: strerror(errno)) }
