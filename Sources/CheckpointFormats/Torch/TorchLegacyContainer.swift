/// A checkpoint of PyTorch before 1.6: pickles one after the other, then the storages.
///
/// Layout: magic number; protocol 1001; facts about the system; the object; the sorted list of
/// storage keys; then for each key an `i64` element count and the elements. All little-endian.
///
/// - Source: pytorch torch/serialization.py `_legacy_save`
struct TorchLegacyContainer {
  /// The magic number 0x1950a86a20f9469cfc6c and the end of its pickle.
  private static let magic: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  /// The pickled magic number, in protocol 2, which PyTorch uses unless told otherwise.
  static let signature: [UInt8] = [0x80, 0x02] + magic

  /// Size of the pickled magic number at the start of a file, in any protocol from 2 to 5; nil when
  /// the file starts with something else.
  static func signatureByteCount(_ leading: [UInt8]) -> Int? {
    guard leading.count >= 2, leading[0] == 0x80, (2...5).contains(leading[1]) else { return nil }
    let frame: [UInt8] = [0x95, UInt8(magic.count), 0, 0, 0, 0, 0, 0, 0]
    let start = leading.dropFirst(2).starts(with: frame) ? 2 + frame.count : 2
    return leading.dropFirst(start).starts(with: magic) ? start + magic.count : nil
  }

  let pickle: PickleReader.Result
  let storages: TorchStorageTable
  let blocks: [String: StoredBlock]
  let notes: [String]

  init(_ file: FileBytes) throws(CheckpointError) {
    let parts = try Self.pickles(file)
    pickle = parts.object
    storages = try TorchStorageTable(pickle.arena, file: file.name, subject: "object pickle")
    var layout = StorageLayout(file: file, offset: parts.end)
    blocks = try layout.blocks(keys: parts.keys, storages: storages.storages)
    let left = file.count - layout.offset
    notes = left == 0 ? [] : ["ignored: \(left) bytes after the last storage"]
  }

  /// Reads the pickles from a window at the start of the file, which grows while they do not fit, so
  /// that the weights behind them stay out of memory.
  private static func pickles(
    _ file: FileBytes
  ) throws(CheckpointError) -> (object: PickleReader.Result, keys: [String], end: Int) {
    var window = 1 << 18
    while true {
      let count = min(window, file.count, PickleReader.Limits.byteCount)
      do throws(CheckpointError) {
        return try pickles(try file.bytes(at: 0, count: count), file.name)
      } catch {
        let canGrow = count < min(file.count, PickleReader.Limits.byteCount)
        guard error.code == .truncated, canGrow else { throw error }
      }
      window *= 8
    }
  }

  private static func pickles(
    _ bytes: [UInt8], _ file: String
  ) throws(CheckpointError) -> (object: PickleReader.Result, keys: [String], end: Int) {
    let version = try PickleReader.read(
      bytes, at: signatureByteCount(bytes) ?? 0, file: file, subject: "protocol pickle")
    guard version.arena.int(version.root) == 1001 else {
      throw CheckpointError(.unsupported, "is of an unknown legacy protocol", file: file)
    }
    let system = try PickleReader.read(
      bytes, at: version.end, file: file, subject: "system pickle")
    try checkSystem(system, file)
    let object = try PickleReader.read(
      bytes, at: system.end, file: file, subject: "object pickle")
    let list = try PickleReader.read(bytes, at: object.end, file: file, subject: "key pickle")
    let elements = list.arena.elements(list.root) ?? []
    let keys = elements.compactMap { list.arena.string($0) }
    guard case .list = list.arena[list.root], keys.count == elements.count,
      Set(keys).count == keys.count
    else { throw CheckpointError(.corrupt, "has a damaged list of storages", file: file) }
    return (object, keys, list.end)
  }

  /// Storages are little-endian on disk whatever the system was; another declaration has never been
  /// seen and cannot be trusted either way.
  private static func checkSystem(
    _ system: PickleReader.Result, _ file: String
  ) throws(CheckpointError) {
    guard case .dictionary(let index) = system.arena[system.root] else {
      throw CheckpointError(.corrupt, "lacks its system record", file: file)
    }
    let items = system.arena.children[index]
    for position in stride(from: 0, to: items.count - 1, by: 2) {
      guard system.arena.string(items[position]) == "little_endian",
        case .bool(false) = system.arena[items[position + 1]]
      else { continue }
      throw CheckpointError(.unsupported, "was saved on a big-endian system", file: file)
    }
  }
}

/// Finds where each storage lies behind the pickles.
private struct StorageLayout {
  let file: FileBytes
  var offset: Int

  mutating func blocks(
    keys: [String], storages: [String: TorchStorage]
  ) throws(CheckpointError) -> [String: StoredBlock] {
    if let absent = Set(storages.keys).subtracting(keys).min() {
      throw CheckpointError(
        .missing, "has no storage '\(absent)', which a tensor needs", file: file.name)
    }
    var blocks: [String: StoredBlock] = [:]
    for key in keys {
      guard let storage = storages[key] else {
        throw CheckpointError(
          .corrupt, "lists storage '\(key)', which nothing refers to", file: file.name)
      }
      var reader = ByteReader(try file.bytes(at: offset, count: 8), file: file.name)
      let count = try reader.integer(Int64.self)
      guard count == storage.count else {
        throw CheckpointError(
          .corrupt, "holds \(count) elements where \(storage.count) are declared",
          file: file.name, subject: "storage \(key)")
      }
      offset += 8
      guard storage.byteCount <= file.count - offset else {
        throw CheckpointError(
          .truncated,
          "needs \(storage.byteCount) bytes where \(file.count - offset) are left",
          file: file.name, subject: "storage \(key)",
          remedy: "download the file again: it is not complete")
      }
      blocks[key] = StoredBlock(file, offset: offset, byteCount: storage.byteCount)
      offset += storage.byteCount
    }
    return blocks
  }
}
