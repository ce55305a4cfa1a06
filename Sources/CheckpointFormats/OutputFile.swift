import Glibc

/// A file written beside its target and renamed over it when complete, so that a failure leaves the
/// old file as it was.
struct OutputFile: ~Copyable {
  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isCommitted = false

  /// Creates the temporary file in the folder of `path`.
  ///
  /// - Throws: `.unreadable` when the system refuses or `path` exists and is no regular file.
  init(replacing path: String) throws(CheckpointError) {
    var status = stat()
    if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw CheckpointError(.unreadable, "exists and is not a regular file", file: path)
    }
    let temporaryPath = "\(path).partial-\(UInt64.random(in: 0 ... .max))"
    // The mode is what any program would ask for; the system takes the user's mask off it.
    let descriptor = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw CheckpointError(.unreadable, "cannot be created: \(systemMessage())", file: path)
    }
    self.path = path
    self.descriptor = descriptor
    self.temporaryPath = temporaryPath
  }

  deinit {
    close(descriptor)
    if !isCommitted { unsafe unlink(temporaryPath) }
  }

  /// Appends bytes.
  mutating func write(_ bytes: RawSpan) throws(CheckpointError) {
    var done = 0
    while done < bytes.byteCount {
      let count = min(bytes.byteCount - done, 1 << 30)
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress.unsafelyUnwrapped + done, count)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw failure() }
      done += written
    }
  }

  /// Puts the file in its place, on disk.
  mutating func commit() throws(CheckpointError) {
    guard fsync(descriptor) == 0, unsafe rename(temporaryPath, path) == 0 else {
      throw failure()
    }
    isCommitted = true
  }

  private func failure() -> CheckpointError {
    CheckpointError(.unreadable, "cannot be written: \(systemMessage())", file: path)
  }
}
