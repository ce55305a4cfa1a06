import OrderedCollections

/// A checkpoint of PyTorch 1.6 and later: a zip archive with one folder that holds `data.pkl`, the
/// storages `data/<key>`, and `version`.
///
/// - Source: pytorch torch/serialization.py `_save`, caffe2/serialize/inline_container.cc
struct TorchZipContainer {
  let pickle: PickleReader.Result
  let storages: TorchStorageTable
  let blocks: [String: StoredBlock]
  let isBigEndian: Bool
  let notes: [String]

  init(_ file: FileBytes) throws(CheckpointError) {
    let archive = try ZipArchive(file)
    try Self.refuseOldProgram(archive)
    let root = try Self.root(archive)
    try Self.checkVersion(archive, root)
    isBigEndian = try Self.isBigEndian(archive, root)
    let name = "\(root)/data.pkl"
    guard let entry = archive.entries[name] else {
      throw CheckpointError(
        .notThisFormat, "is a zip archive but not of PyTorch: it has no data.pkl", file: file.name)
    }
    try Self.checkRatio(entry, archive)
    let bytes = try archive.bytes(of: entry, limit: PickleReader.Limits.byteCount)
    pickle = try PickleReader.read(bytes, file: file.name, subject: "data.pkl")
    guard pickle.end == bytes.count else {
      throw CheckpointError(
        .corrupt, "has \(bytes.count - pickle.end) bytes after its end", file: file.name,
        subject: "data.pkl", offset: pickle.end)
    }
    storages = try TorchStorageTable(pickle.arena, file: file.name, subject: "data.pkl")
    blocks = try Self.blocks(storages.storages, archive, root)
    notes = Self.notes(archive, root, used: blocks)
  }

  /// Before PyTorch 2.8, torch.export kept a whole checkpoint as one entry of its own archive.
  private static func refuseOldProgram(_ archive: ZipArchive) throws(CheckpointError) {
    let name = "serialized_state_dict.pt"
    guard archive.entries[name] != nil else { return }
    throw CheckpointError(
      .unsupported, "is a program of torch.export as PyTorch before 2.8 saved it",
      file: archive.file.name, remedy: "unpack \(name) from it with unzip, and give that file")
  }

  /// The one folder that all entries of a PyTorch archive lie in.
  static func root(_ archive: ZipArchive) throws(CheckpointError) -> String {
    var root: Substring?
    for name in archive.entries.keys {
      guard let slash = name.firstIndex(of: "/"), slash != name.startIndex else {
        throw CheckpointError(
          .notThisFormat, "is a zip archive but not of PyTorch: '\(name)' lies in no folder",
          file: archive.file.name)
      }
      let folder = name[..<slash]
      guard root == nil || root == folder else {
        throw CheckpointError(
          .corrupt, "has two root folders, '\(root ?? "")' and '\(folder)'",
          file: archive.file.name)
      }
      root = folder
    }
    guard let root else {
      throw CheckpointError(.notThisFormat, "is an empty zip archive", file: archive.file.name)
    }
    return String(root)
  }

  private static func text(
    _ name: String, _ archive: ZipArchive
  ) throws(CheckpointError) -> String? {
    guard let entry = archive.entries[name] else { return nil }
    return String(decoding: try archive.bytes(of: entry, limit: 64), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).joined()
  }

  private static func checkVersion(
    _ archive: ZipArchive, _ root: String
  ) throws(CheckpointError) {
    guard let text = try text("\(root)/version", archive) else { return }
    guard let version = Int(text), (1...10).contains(version) else {
      throw CheckpointError(
        .unsupported, "is of container version '\(text)'; 1 to 10 are read",
        file: archive.file.name)
    }
  }

  /// Whether the archive declares storages with their most significant byte first.
  static func isBigEndian(
    _ archive: ZipArchive, _ root: String
  ) throws(CheckpointError) -> Bool {
    switch try text("\(root)/byteorder", archive) {
    case nil, "little": return false
    case "big": return true
    case let other?:
      throw CheckpointError(
        .unsupported, "is of byte order '\(other)'", file: archive.file.name)
    }
  }

  /// Refuses an entry that unpacks to far more than text or a pickle does.
  static func checkRatio(
    _ entry: ZipArchive.Entry, _ archive: ZipArchive
  ) throws(CheckpointError) {
    guard entry.method == .stored || entry.size <= max(1 << 20, 100 * entry.compressedSize) else {
      throw CheckpointError(
        .limitExceeded,
        "would unpack to \(entry.size) bytes from \(entry.compressedSize)",
        file: archive.file.name, subject: entry.name)
    }
  }

  private static func blocks(
    _ storages: [String: TorchStorage], _ archive: ZipArchive, _ root: String
  ) throws(CheckpointError) -> [String: StoredBlock] {
    var blocks: [String: StoredBlock] = [:]
    for (key, storage) in storages {
      guard let entry = archive.entries["\(root)/data/\(key)"] else { continue }
      guard entry.size == storage.byteCount else {
        throw CheckpointError(
          entry.size < storage.byteCount ? .truncated : .corrupt,
          "has \(entry.size) bytes where \(storage.byteCount) are declared",
          file: archive.file.name, subject: "data/\(key)")
      }
      blocks[key] = StoredBlock(archive, entry)
    }
    return blocks
  }

  private static func notes(
    _ archive: ZipArchive, _ root: String, used: [String: StoredBlock]
  ) -> [String] {
    var notes: [String] = []
    if !archive.hasChecksums { notes.append("the file carries no checksums") }
    let folder = "\(root)/data/"
    let unused = archive.entries.keys.filter {
      $0.hasPrefix(folder) && used[String($0.dropFirst(folder.count))] == nil
    }
    if !unused.isEmpty {
      notes.append("ignored: \(unused.count) storages that no tensor refers to")
    }
    if archive.entries["\(root)/constants.pkl"] != nil {
      notes.append("this is a TorchScript program: its weights were read, its code was not run")
    }
    return notes
  }
}
