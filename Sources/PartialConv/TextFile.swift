import CheckpointFormats
import FileAccess

/// Text files that people write.
public enum TextFile {
  /// Largest file that is read, in bytes.
  private static let maximumBytes = 1 << 24

  /// The text of a file in UTF-8.
  ///
  /// - Parameter kind: what the file should be, for errors.
  /// - Throws: `PartialConvError` of kind `unreadable` when it cannot be read, is no text or too
  ///   large.
  static func read(_ path: String, of kind: String) throws(PartialConvError) -> String {
    let bytes = try reporting { () throws(CheckpointError) -> [UInt8]? in
      let file = try FileBytes(path: path)
      return file.count > maximumBytes ? nil : try file.bytes(at: 0, count: file.count)
    }
    guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw PartialConvError(
        .unreadable, "\(path): is no \(kind); give a text file in UTF-8")
    }
    return text
  }

  /// Writes a text in UTF-8 to a file that takes the place of `path`, all of it or nothing.
  ///
  /// - Throws: `PartialConvError` of kind `unreadable` when the system refuses, or when `path` is no
  ///   file.
  public static func write(_ text: String, to path: String) throws(PartialConvError) {
    do throws(FileAccessError) {
      var file = try OutputFile(path: path, replacing: true)
      try file.write(Array(text.utf8))
      try file.commit()
    } catch {
      throw PartialConvError(error)
    }
  }
}
