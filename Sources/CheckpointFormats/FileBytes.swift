import Glibc
package import TensorCore

/// The bytes of one regular file, read from its descriptor on demand, or bytes already in memory.
///
/// Reading by position keeps the memory of a conversion near the size of the tensors it makes. The
/// file is never mapped: a mapped file that someone truncates would end the program.
package final class FileBytes: Sendable {
  private enum Backing {
    case descriptor(Int32)
    case memory([UInt8])
  }

  /// The file's name as shown in errors.
  package let name: String
  /// Size in bytes when the file was opened.
  package let count: Int
  private let backing: Backing

  /// Opens a regular file.
  ///
  /// - Throws: `.unreadable` when the system refuses or the path is a directory, pipe, socket or
  ///   device; `.truncated` when the file is empty.
  package init(path: String) throws(CheckpointError) {
    name = path
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw CheckpointError(.unreadable, "cannot be opened: \(systemMessage())", file: path)
    }
    var status = stat()
    let answered = unsafe fstat(descriptor, &status) == 0
    if let problem = answered ? Self.problem(status) : ("cannot be examined: \(systemMessage())") {
      close(descriptor)
      throw CheckpointError(.unreadable, problem, file: path)
    }
    guard status.st_size > 0 else {
      close(descriptor)
      throw CheckpointError(
        .truncated, "is empty", file: path, remedy: "download or save the file again")
    }
    count = Int(status.st_size)
    backing = .descriptor(descriptor)
  }

  /// Wraps bytes that are in memory already.
  package init(_ bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    backing = .memory(bytes)
  }

  deinit {
    if case .descriptor(let descriptor) = backing { close(descriptor) }
  }

  private static func problem(_ status: stat) -> String? {
    switch status.st_mode & S_IFMT {
    case S_IFREG: nil
    case S_IFDIR: "is a directory, not a file"
    case S_IFIFO: "is a pipe, not a regular file"
    case S_IFSOCK: "is a socket, not a regular file"
    default: "is a device, not a regular file"
    }
  }

  /// Fills `buffer` with the bytes that start at `offset`.
  ///
  /// - Throws: `.truncated` when the file does not hold that many, `.unreadable` when reading fails.
  @unsafe package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard offset >= 0, offset <= count, buffer.count <= count - offset else {
      throw ends(wanting: buffer.count, at: offset)
    }
    guard unsafe !buffer.isEmpty else { return }
    switch backing {
    case .memory(let bytes):
      unsafe bytes.withUnsafeBytes { source in
        unsafe buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + buffer.count]))
      }
    case .descriptor(let descriptor):
      try unsafe read(descriptor, at: offset, into: buffer)
    }
  }

  @unsafe private func read(
    _ descriptor: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    var done = 0
    while done < buffer.count {
      let wanted = min(buffer.count - done, 1 << 30)
      let got = unsafe pread(
        descriptor, buffer.baseAddress.unsafelyUnwrapped + done, wanted, off_t(offset + done))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else {
        throw CheckpointError(
          .unreadable, "cannot be read: \(systemMessage())", file: name, offset: offset + done)
      }
      guard got > 0 else { throw ends(wanting: wanted, at: offset + done) }
      done += got
    }
  }

  private func ends(wanting wanted: Int, at offset: Int) -> CheckpointError {
    CheckpointError(
      .truncated, "ends before the \(wanted) bytes expected", file: name, offset: offset,
      remedy: "download the file again: it is not complete")
  }

  /// The bytes of a range as an array; the caller caps `count`.
  package func bytes(at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    guard count >= 0, offset >= 0, offset <= self.count, count <= self.count - offset else {
      throw ends(wanting: count, at: offset)
    }
    return try unsafe [UInt8](count: count) { buffer throws(CheckpointError) in
      try unsafe read(at: offset, into: buffer)
    }
  }

  /// The whole file, read into one aligned block.
  package func contents() throws(CheckpointError) -> AlignedStorage {
    try unsafe AlignedStorage(byteCount: count) { buffer throws(CheckpointError) in
      try unsafe read(at: 0, into: buffer)
    }
  }
}

extension [UInt8] {
  /// Creates `count` bytes that `fill` writes, all of them unless it throws.
  @unsafe init(
    count: Int, fill: (UnsafeMutableRawBufferPointer) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var failure: CheckpointError?
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(CheckpointError) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        try unsafe fill(UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
        filled = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}

/// The system's text for the current `errno`.
package func systemMessage() -> String {
  unsafe String(cString: strerror(errno))
}
