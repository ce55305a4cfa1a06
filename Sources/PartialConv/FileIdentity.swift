import Glibc

/// Which file a path leads to, so that two paths to one file are known as such.
struct FileIdentity: Hashable {
  private let device: UInt64
  private let number: UInt64
  /// The name in the folder of this identity; empty for a file that exists.
  private var name = ""

  /// nil when there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// The file at `path` or, where there is none yet, its place in its folder; nil without a folder.
  init?(placeOf path: String) {
    if let file = FileIdentity(path) {
      self = file
      return
    }
    guard let folder = FileIdentity(folderOf: path) else { return nil }
    self = folder
    name = path.split(separator: "/").last.map(String.init) ?? ""
  }

  /// The folder that `path` is or would be in; nil when there is none.
  init?(folderOf path: String) {
    self.init(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
  }
}
