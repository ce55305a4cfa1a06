package import OrderedCollections
import Synchronization

/// A zip archive, read strictly: every entry has one name, one extent and one checksum.
///
/// Sizes, checksums and methods come from the central directory only, because PyTorch leaves them
/// zero in the local headers. The local header is used for where the data starts, and its name must
/// be the directory's. Nothing is ever extracted to a path.
///
/// - Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5
package final class ZipArchive: Sendable {
  /// How an entry's bytes are kept.
  package enum Method: Sendable {
    /// As they are.
    case stored
    /// Compressed with deflate.
    case deflated
  }

  /// One entry of the archive.
  package struct Entry: Sendable {
    /// Name with its folders, as in the central directory.
    package let name: String
    /// How the bytes are kept.
    package let method: Method
    /// Size in the archive, in bytes.
    package let compressedSize: Int
    /// Size of the content, in bytes.
    package let size: Int
    /// CRC-32 of the content.
    package let checksum: UInt32
    /// Where the data starts in the file.
    package internal(set) var dataOffset: Int
  }

  /// What an archive may be at most.
  enum Limits {
    /// Entries of the directory.
    static let entryCount = 100_000
    /// Size of the directory in bytes.
    static let directoryBytes = 64 << 20
    /// Size of one unpacked entry in bytes.
    static let inflatedBytes = 1 << 30
    /// Length of one name in bytes.
    static let nameBytes = 4096
    /// Deflate cannot compress better than about 1032 to 1.
    static let ratio = 1100
  }

  /// The file that the archive is.
  package let file: FileBytes
  /// Entries by name, in the order of the central directory, folders left out.
  package let entries: OrderedDictionary<String, Entry>
  /// False when the writer left every checksum zero, as PyTorch can be told to.
  package let hasChecksums: Bool
  let verified = Mutex<Set<String>>([])

  /// Reads the central directory and checks every entry's extent.
  ///
  /// - Throws: `.truncated` without a directory, `.corrupt` when entries overlap, repeat or
  ///   contradict themselves, `.unsupported` for encryption, spanning and other methods,
  ///   `.limitExceeded` for more than 100 000 entries.
  package init(_ file: FileBytes) throws(CheckpointError) {
    self.file = file
    let directory = try ZipDirectory(file)
    entries = try directory.entries()
    hasChecksums = entries.values.contains { $0.size > 0 && $0.checksum != 0 }
  }

  /// The entry of that exact name.
  package func entry(_ name: String) throws(CheckpointError) -> Entry {
    guard let entry = entries[name] else {
      throw CheckpointError(.missing, "has no entry '\(name)'", file: file.name)
    }
    return entry
  }
}
