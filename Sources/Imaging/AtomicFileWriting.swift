import Glibc

/// Writes `bytes` to `path` so that the file is either the old one or the whole new one.
///
/// The bytes go to a new file in the same folder, are flushed to the disk, and take the place of
/// `path` in one step; on failure the new file is removed. A symbolic link at `path` is replaced.
/// - Throws: `unwritable` when the system refuses, or when `path` is a device, pipe or folder.
func writeFileAtomically(_ bytes: [UInt8], to path: String) throws(ImagingError) {
  var status = stat()
  if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
    throw unwritable(path, "it exists and is not a regular file")
  }
  let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
  let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
  let temporary = "\(folder).picture-\(suffix).tmp"
  let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
  guard descriptor >= 0 else { throw unwritable(path, lastSystemError()) }
  var failure = writeAll(bytes, to: descriptor)
  if failure == nil && fsync(descriptor) != 0 { failure = lastSystemError() }
  if close(descriptor) != 0 && failure == nil { failure = lastSystemError() }
  if failure == nil, unsafe rename(temporary, path) != 0 { failure = lastSystemError() }
  if let failure {
    unsafe unlink(temporary)
    throw unwritable(path, failure)
  }
  flushFolder(folder)
}

/// Writes every byte; returns the system's words for what stopped it, if anything did.
private func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> String? {
  var written = 0
  while written < bytes.count {
    let count = unsafe bytes.withUnsafeBytes { buffer in
      unsafe write(
        descriptor, buffer.baseAddress.unsafelyUnwrapped + written, buffer.count - written)
    }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return lastSystemError() }
    written += count
  }
  return nil
}

/// Makes the rename itself durable; some file systems cannot, and the file is complete regardless.
private func flushFolder(_ folder: String) {
  let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  _ = fsync(descriptor)
  close(descriptor)
}

private func unwritable(_ path: String, _ reason: String) -> ImagingError {
  ImagingError(
    .unwritable, "the file cannot be written: \(reason)", in: path,
    remedy: "check that the folder exists, is writable and has space")
}
