import Glibc

/// Why the system did not read or write a file.
package struct FileAccessError: Error, Sendable, Hashable {
  /// The kinds of failure; the only part of an error that programs compare.
  package enum Code: Sendable, Hashable {
    /// There is no file of that name to read.
    case missing
    /// The path to read is a directory, pipe, socket or device.
    case notRegular
    /// The file to read has no bytes.
    case empty
    /// The system refused to open or read the file.
    case unreadable
    /// The file ends before the bytes asked for.
    case truncated
    /// The file to write exists and was not to be replaced.
    case exists
    /// The system refused to create, write or name the file, or the path is no regular file.
    case unwritable
    /// The disk, quota or permitted file size is exhausted.
    case full
  }

  /// What kind of failure this is.
  package let code: Code
  /// The file's path as it was given.
  package let path: String
  /// What is wrong, to follow the file's name: `cannot be opened: Permission denied`.
  package let message: String
  /// Byte offset in the file, where that says more.
  package let offset: Int?
  /// What the user can do about it.
  package let remedy: String

  /// Creates an error about the file at `path`.
  init(_ code: Code, _ path: String, _ message: String, at offset: Int? = nil, remedy: String) {
    self.code = code
    self.path = path
    self.message = message
    self.offset = offset
    self.remedy = remedy
  }

  /// The error for a range of `count` bytes that does not lie in the file, or no longer does.
  package static func ends(_ path: String, wanting count: Int, at offset: Int) -> FileAccessError {
    FileAccessError(
      .truncated, path, "ends before the \(count) bytes expected", at: offset,
      remedy: "download or copy the file again: it is not complete")
  }

  /// What the system's last error means for a file being read.
  static func reading(_ path: String, _ what: String, at offset: Int? = nil) -> FileAccessError {
    let number = errno
    return FileAccessError(
      number == ENOENT ? .missing : .unreadable, path, "\(what): \(systemMessage(number))",
      at: offset, remedy: "check the path and its permissions")
  }

  /// What the system's last error means for a file being written.
  static func writing(_ path: String, _ what: String) -> FileAccessError {
    let number = errno
    let isFull = [ENOSPC, EDQUOT, EFBIG].contains(number)
    return FileAccessError(
      isFull ? .full : .unwritable, path, "\(what): \(systemMessage(number))",
      remedy: isFull
        ? "free some space or raise the limit on file sizes"
        : "check that the folder exists and may be written")
  }
}

/// An error type that can say what went wrong with a file.
package protocol FileAccessReporting: Error {
  /// The same failure as an error of this type.
  init(_ error: FileAccessError)
}

extension FileAccessReporting {
  /// Runs `body` and gives its failure as an error of this type.
  package static func reporting<Result>(
    _ body: () throws(FileAccessError) -> Result
  ) throws(Self) -> Result {
    do throws(FileAccessError) {
      return try body()
    } catch {
      throw Self(error)
    }
  }
}

/// The system's words for an error number.
package func systemMessage(_ number: CInt = errno) -> String {
  unsafe String(cString: strerror(number))
}

/// What a path that is no regular file is, with its article; nil for a regular file.
func kindOfOtherFile(_ status: stat) -> String? {
  switch status.st_mode & S_IFMT {
  case S_IFREG: nil
  case S_IFDIR: "a directory"
  case S_IFIFO: "a pipe"
  case S_IFSOCK: "a socket"
  default: "a device"
  }
}
