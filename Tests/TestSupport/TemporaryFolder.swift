public import Foundation

/// A new empty folder, removed with everything in it when this object goes away.
public final class TemporaryFolder {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of `name` in the folder.
  public func path(_ name: String) -> String { url.appending(path: name).path }

  /// Names of everything in the folder, hidden files included, sorted.
  public var contents: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }

  /// Writes bytes to a new file and gives its path.
  @discardableResult
  public func write(_ bytes: Data, as name: String) throws -> String {
    try bytes.write(to: url.appending(path: name))
    return path(name)
  }
}
