import Glibc

/// A file that appears under its name only when it is complete.
///
/// Until `commit`, the bytes are in a file of the same folder that has no name, so that nothing is
/// left of it when the process is killed meanwhile. File systems that know no such files, as those
/// of networks, get a temporary `.partial-….tmp`, which is removed when this value goes away.
package struct OutputFile: ~Copyable {
  private let path: String
  private let temporary: String
  private let isReplacing: Bool
  /// Whether the file system lists `temporary`.
  private let isNamed: Bool
  private var descriptor: CInt
  private var byteCount = 0

  /// Creates the temporary file for `path`, with the permissions of the file it replaces, else those
  /// that the user's mask allows.
  ///
  /// - Parameter replacing: whether an existing file, or a symbolic link, may be replaced.
  /// - Throws: `.exists` when there is a file, or a link to none, and `replacing` is false,
  ///   `.unwritable` when `path` is a directory, pipe or device, or where stdout or stderr goes, or
  ///   the folder cannot be written, `.full`.
  package init(path: String, replacing: Bool) throws(FileAccessError) {
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    if exists {
      if let kind = kindOfOtherFile(status) {
        throw FileAccessError(
          .unwritable, path, "is \(kind), not a regular file, and cannot be replaced",
          remedy: "give the name of a file")
      }
      guard !isStream(status) else {
        throw FileAccessError(
          .unwritable, path, "is where stdout or stderr goes", remedy: "give another name")
      }
    }
    if !replacing {
      var link = stat()
      guard unsafe lstat(path, &link) != 0 else { throw Self.exists(path) }
    }
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder(of: path)).partial-\(suffix).tmp"
    var descriptor = Self.openUnnamed(in: folder(of: path))
    let isNamed = descriptor < 0
    if isNamed {
      descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else { throw .writing(path, "cannot be created") }
    if exists { fchmod(descriptor, status.st_mode & 0o777) }
    self.path = path
    self.temporary = temporary
    self.isNamed = isNamed
    self.isReplacing = replacing
    self.descriptor = descriptor
  }

  /// Opens a file without a name that can be given one; negative where that is not known.
  private static func openUnnamed(in folder: String) -> CInt {
    guard unsafe access(openFiles, X_OK) == 0 else { return -1 }
    return unsafe open(folder, unnamedFile | O_WRONLY | O_CLOEXEC, 0o666)
  }

  /// `O_TMPFILE` of open(2).
  private static let unnamedFile: CInt = 0o20_000_000 | O_DIRECTORY
  private static let openFiles = "/proc/self/fd"

  deinit {
    if descriptor >= 0 { close(descriptor) }
    unsafe unlink(temporary)
  }

  /// Appends `bytes`.
  ///
  /// - Throws: `.full` or `.unwritable`.
  package mutating func write(_ bytes: RawSpan) throws(FileAccessError) {
    guard writeWhole(bytes, to: descriptor) else { throw .writing(path, "cannot be written") }
    byteCount += bytes.byteCount
  }

  /// Appends `bytes`, as the other `write` does.
  package mutating func write(_ bytes: [UInt8]) throws(FileAccessError) {
    try unsafe write(bytes.span.bytes)
  }

  /// Flushes the file to the disk and gives it its name in one step.
  ///
  /// - Throws: `.exists` when another program made the file meanwhile and it was not to be
  ///   replaced; otherwise `.full` or `.unwritable`. What was at the path is then unchanged, unless
  ///   only the folder could not be flushed.
  package consuming func commit() throws(FileAccessError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .writing(path, "cannot be examined") }
    guard status.st_size == byteCount else {
      throw FileAccessError(
        .unwritable, path, "got \(status.st_size) of \(byteCount) bytes", at: Int(status.st_size),
        remedy: "check the disk")
    }
    guard fsync(descriptor) == 0 else { throw .writing(path, "cannot be flushed to the disk") }
    if !isNamed {
      let file = "\(Self.openFiles)/\(descriptor)"
      guard unsafe linkat(AT_FDCWD, file, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else {
        throw .writing(path, "cannot be given a name")
      }
    }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw .writing(path, "cannot be closed") }
    try isReplacing ? rename() : link()
    try flushFolder()
  }

  private func rename() throws(FileAccessError) {
    guard unsafe Glibc.rename(temporary, path) == 0 else {
      throw .writing(path, "cannot be put in place")
    }
  }

  /// A second name, unlike a rename, never replaces a file; file systems without one get a check.
  private func link() throws(FileAccessError) {
    if unsafe Glibc.link(temporary, path) == 0 {
      unsafe unlink(temporary)
      return
    }
    switch errno {
    case EEXIST: throw Self.exists(path)
    case EPERM, EOPNOTSUPP, ENOSYS, EMLINK:
      var status = stat()
      guard unsafe lstat(path, &status) != 0 else { throw Self.exists(path) }
      try rename()
    default: throw .writing(path, "cannot be put in place")
    }
  }

  /// Makes the new name durable, where the folder may be opened and flushed at all.
  private func flushFolder() throws(FileAccessError) {
    let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw .writing(path, "is complete, but its folder cannot be flushed to the disk")
    }
  }

  private static func exists(_ path: String) -> FileAccessError {
    FileAccessError(
      .exists, path, "exists already", remedy: "choose another name or allow it to be replaced")
  }
}

/// Writes all of `bytes` to an open descriptor; false with `errno` set when the system refuses.
package func writeWhole(_ bytes: RawSpan, to descriptor: CInt) -> Bool {
  unsafe bytes.withUnsafeBytes { buffer in
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
      let count = unsafe Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}

private func folder(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
}

/// Whether stdout or stderr goes to a file.
private func isStream(_ file: stat) -> Bool {
  [STDOUT_FILENO, STDERR_FILENO].contains { descriptor in
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_dev == file.st_dev
      && status.st_ino == file.st_ino
  }
}
