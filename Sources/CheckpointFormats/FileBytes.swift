package import FileAccess

/// The bytes of one regular file, read from its descriptor on demand, or bytes already in memory.
///
/// Reading by position keeps the memory of a conversion near the size of the tensors it makes.
package final class FileBytes: Sendable {
  private enum Backing {
    case file(InputFile)
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
  package convenience init(path: String) throws(CheckpointError) {
    self.init(
      try CheckpointError.reporting { () throws(FileAccessError) in
        try InputFile(path: path)
      })
  }

  /// Takes over an open descriptor, which is closed in any case.
  ///
  /// - Throws: as `init(path:)`, unless the descriptor is that of a regular file with content.
  package convenience init(adopting descriptor: Int32, name: String) throws(CheckpointError) {
    self.init(
      try CheckpointError.reporting { () throws(FileAccessError) in
        try InputFile(adopting: descriptor, path: name)
      })
  }

  private init(_ file: InputFile) {
    name = file.path
    count = file.byteCount
    backing = .file(file)
  }

  /// Wraps bytes that are in memory already.
  package init(_ bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    backing = .memory(bytes)
  }

  /// Fills `buffer` with the bytes that start at `offset`.
  ///
  /// - Throws: `.truncated` when the file does not hold that many, `.unreadable` when reading fails.
  @unsafe package func read(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    try checkRange(at: offset, count: buffer.count)
    switch backing {
    case .memory(let bytes):
      unsafe bytes.withUnsafeBytes { source in
        unsafe buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + buffer.count]))
      }
    case .file(let file):
      try CheckpointError.reporting { () throws(FileAccessError) in
        try unsafe file.read(at: offset, into: buffer)
      }
    }
  }

  /// The bytes of a range as an array; nothing is allocated for a range outside the file.
  package func bytes(at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    try checkRange(at: offset, count: count)
    return try unsafe [UInt8](count: count) { buffer throws(CheckpointError) in
      try unsafe read(at: offset, into: buffer)
    }
  }

  private func checkRange(at offset: Int, count: Int) throws(CheckpointError) {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw CheckpointError(FileAccessError.ends(name, wanting: count, at: offset))
    }
  }
}

extension CheckpointError: FileAccessReporting {
  /// The same failure as an error of this module.
  package init(_ error: FileAccessError) {
    let code: Code =
      switch error.code {
      case .empty, .truncated: .truncated
      case .missing, .notRegular, .unreadable, .exists, .unwritable, .full: .unreadable
      }
    self.init(
      code, error.message, file: error.path, offset: error.offset, remedy: error.remedy)
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
