import Glibc

/// A file that appears under its name only when it is complete.
///
/// Until `commit`, the bytes are in a temporary file `.pcm-….tmp` of the same folder, which is
/// removed when this object goes away. A process that is killed meanwhile leaves it behind.
struct OutputFile: ~Copyable {
  private let path: String
  private let temporary: String
  private var descriptor: CInt
  private var byteCount = 0

  /// Creates the temporary file for `path`, with the permissions that the user's mask allows.
  ///
  /// - Throws: `.exists` when there is a file and `replacing` is false, `.unwritable` when `path`
  ///   is a folder, pipe or device or the folder cannot be written, `.full`.
  init(path: String, replacing: Bool) throws(ModelFileError) {
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw ModelFileError(
          .unwritable, "is \(kindOfFile(status)), which a model file cannot replace",
          remedy: "give the name of a file")
      }
      guard replacing else { throw Self.exists }
    }
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder(of: path)).pcm-\(suffix).tmp"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw systemError("no file can be created in its folder") }
    self.path = path
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    unsafe unlink(temporary)
  }

  /// Appends `bytes`.
  ///
  /// - Throws: `.full` or `.unwritable`.
  mutating func write(_ bytes: RawSpan) throws(ModelFileError) {
    let target = descriptor
    try unsafe bytes.withUnsafeBytes { buffer throws(ModelFileError) in
      var done = 0
      while done < buffer.count {
        let count = unsafe Glibc.write(
          target, buffer.baseAddress.unsafelyUnwrapped + done, min(buffer.count - done, 1 << 30))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw systemError("cannot be written") }
        done += count
      }
    }
    byteCount += bytes.byteCount
  }

  /// Flushes the file to the disk and gives it its name in one step.
  ///
  /// - Throws: `.exists` when another program made the file meanwhile and `replacing` is false;
  ///   otherwise `.full` or `.unwritable`.
  consuming func commit(replacing: Bool) throws(ModelFileError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw systemError("cannot be examined") }
    guard status.st_size == byteCount else {
      throw ModelFileError(
        .unwritable, "got \(status.st_size) of \(byteCount) bytes", at: Int(status.st_size),
        remedy: "check the disk")
    }
    guard fsync(descriptor) == 0 else { throw systemError("cannot be flushed to the disk") }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw systemError("cannot be closed") }
    try replacing ? moveOver() : link()
    try flushFolder()
  }

  private func moveOver() throws(ModelFileError) {
    guard unsafe rename(temporary, path) == 0 else { throw systemError("cannot be put in place") }
  }

  /// A second name, unlike a rename, never replaces a file; file systems without one get a check.
  private func link() throws(ModelFileError) {
    if unsafe Glibc.link(temporary, path) == 0 {
      unsafe unlink(temporary)
      return
    }
    switch errno {
    case EEXIST: throw Self.exists
    case EPERM, EOPNOTSUPP, ENOSYS, EMLINK:
      var status = stat()
      guard unsafe lstat(path, &status) != 0 else { throw Self.exists }
      try moveOver()
    default: throw systemError("cannot be put in place")
    }
  }

  /// Makes the new name durable, where the folder may be opened and flushed at all.
  private func flushFolder() throws(ModelFileError) {
    let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw systemError("is complete, but its folder cannot be flushed to the disk")
    }
  }

  private static var exists: ModelFileError {
    ModelFileError(
      .exists, "exists already", remedy: "choose another name or allow it to be replaced")
  }
}

private func folder(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
}

/// What the system's last error means for a file that is being written.
private func systemError(_ what: String) -> ModelFileError {
  let number = errno
  let isFull = [ENOSPC, EDQUOT, EFBIG].contains(number)
  return ModelFileError(
    isFull ? .full : .unwritable, "\(what): \(systemMessage(number))",
    remedy: isFull
      ? "free some space or raise the limit on file sizes"
      : "check that the folder exists and may be written")
}
