import TensorCore

/// Everything read from one PyTorch file before any tensor's bytes.
final class TorchContents: Sendable {
  let file: String
  let arena: PickleArena
  let root: PickleID
  /// The readable tensors, by the value that rebuilds them; all checked.
  let tensors: [PickleID: StoredTensor]
  /// What was left out, for the user.
  let notes: [String]

  /// Walks the values once, checks every tensor and names it by its first place.
  init(
    _ pickle: PickleReader.Result, storages: TorchStorageTable, blocks: [String: StoredBlock],
    isBigEndian: Bool, file: FileBytes, notes: [String]
  ) throws(CheckpointError) {
    var walk = TorchWalk(
      arena: pickle.arena, storages: storages, blocks: blocks, isBigEndian: isBigEndian,
      file: file.name)
    try walk.visit(pickle.root, "")
    try walk.tensors.values.checkTotal(against: file)
    self.file = file.name
    arena = pickle.arena
    root = pickle.root
    tensors = walk.tensors
    self.notes = notes + walk.notes
  }
}

/// One pass over the values that checks tensors and dictionaries.
///
/// The pickle reader has refused cycles and deep nesting, so recursion is bounded.
private struct TorchWalk {
  let arena: PickleArena
  let storages: TorchStorageTable
  let blocks: [String: StoredBlock]
  let isBigEndian: Bool
  let file: String
  var tensors: [PickleID: StoredTensor] = [:]
  var notes: [String] = []
  private var noted: Set<String> = []
  /// Bytes that numpy arrays inside the pickle may still take once decoded.
  private var arrayBudget = 64 << 20
  private var seen: Set<PickleID> = []

  init(
    arena: PickleArena, storages: TorchStorageTable, blocks: [String: StoredBlock],
    isBigEndian: Bool, file: String
  ) {
    self.arena = arena
    self.storages = storages
    self.blocks = blocks
    self.isBigEndian = isBigEndian
    self.file = file
  }

  mutating func visit(_ id: PickleID, _ path: String) throws(CheckpointError) {
    guard seen.insert(id).inserted else { return }
    switch arena[id] {
    case .dictionary(let index):
      try visitDictionary(arena.children[index], path)
    case .list(let index), .tuple(let index), .set(let index):
      for (position, child) in arena.children[index].enumerated() {
        try visit(child, Self.join(path, "\(position)"))
      }
    case .record:
      try visitRecord(id, path)
    default:
      break
    }
  }

  private static func join(_ path: String, _ key: String) -> String {
    guard path.utf8.count + key.utf8.count < 1024 else { return path }
    return path.isEmpty ? key : "\(path).\(key)"
  }

  private mutating func visitDictionary(
    _ items: [PickleID], _ path: String
  ) throws(CheckpointError) {
    var names: Set<String> = []
    for position in stride(from: 0, to: items.count - 1, by: 2) {
      let name = arena.keyText(items[position])
      if let name {
        guard name.utf8.count <= PickleReader.Limits.nameBytes else {
          throw CheckpointError(
            .limitExceeded, "has a name of \(name.utf8.count) bytes", file: file, subject: path)
        }
        guard names.insert(name).inserted else {
          throw CheckpointError(
            .corrupt, "has two values named '\(name)'", file: file,
            subject: path.isEmpty ? nil : path)
        }
      } else {
        note("ignored: a value whose key is not text or a number", at: path)
      }
      try visit(items[position + 1], Self.join(path, name ?? "?"))
    }
  }

  private mutating func visitRecord(_ id: PickleID, _ path: String) throws(CheckpointError) {
    let name = path.isEmpty ? "tensor" : path
    let malformed = CheckpointError(
      .corrupt, "rebuilds a tensor from the wrong arguments", file: file, subject: name)
    switch try TorchTensorCall(id, arena, malformed: malformed) {
    case .alias(let inner)?:
      try visit(inner, path)
    case .unreadable(let kind)?:
      note("ignored: a tensor kind that is not read, \(kind)", at: name)
    case .tensor(let storage, let offset, let shape, let strides, let type)?:
      guard let storage = storages.references[storage] else { throw malformed }
      guard let elementType = type ?? storage.type.elementType else {
        return note("ignored: a tensor of an element type that is not read", at: name)
      }
      tensors[id] = try tensor(
        name, in: storage, offset: offset, shape: shape, strides: strides, type: elementType)
    case nil:
      try visitObject(id, path)
    }
  }

  private mutating func visitObject(_ id: PickleID, _ path: String) throws(CheckpointError) {
    guard let (record, global) = arena.record(id) else { return }
    tensors[id] = arena.numpyArray(id, named: path, file: file, budget: &arrayBudget)
    if isModule(record) {
      note(
        "this file stores a whole Python object; its weights were read, its code was not run",
        at: path)
    } else if !global.isPlainData, !global.isScript {
      note("ignored: an object of class \(global.qualifiedName)", at: path)
    }
    try visit(record.arguments, path)
    if let state = record.state { try visit(state, path) }
    for child in arena.children[record.items] { try visit(child, path) }
  }

  /// Whether the object's state is that of a `torch.nn.Module`, which lists these fields among its
  /// first; many objects may share one state, so that only those are looked at.
  private func isModule(_ record: PickleRecord) -> Bool {
    guard let state = record.state, case .dictionary(let index) = arena[state] else { return false }
    let items = arena.children[index].prefix(128)
    let keys = stride(from: 0, to: items.count, by: 2).map { arena.keyText(items[$0]) }
    return keys.contains("_parameters") && keys.contains("_modules")
  }

  private func tensor(
    _ name: String, in storage: TorchStorage, offset: Int, shape: [Int], strides: [Int],
    type: ElementType
  ) throws(CheckpointError) -> StoredTensor {
    guard let block = blocks[storage.key] else {
      throw CheckpointError(
        .missing, "has no storage '\(storage.key)', which a tensor needs", file: file,
        subject: name, remedy: "download the file again: it is not complete")
    }
    let (start, overflow) = offset.multipliedReportingOverflow(by: type.byteCount)
    let viewStart = storage.view.lowerBound * storage.type.byteCount
    let (byteOffset, tooFar) = start.addingReportingOverflow(viewStart)
    guard offset >= 0, !overflow, !tooFar else {
      throw CheckpointError(
        .corrupt, "starts at element \(offset)", file: file, subject: name)
    }
    let tensor = try StoredTensor(
      name: name, elementType: type, shape: shape, strides: strides, byteOffset: byteOffset,
      isBigEndian: isBigEndian, block: block)
    let viewEnd = storage.view.upperBound * storage.type.byteCount
    guard tensor.byteEnd <= viewEnd else {
      throw CheckpointError(
        .truncated, "reaches past its view of storage '\(storage.key)'", file: file, subject: name)
    }
    return tensor
  }

  private mutating func note(_ text: String, at path: String) {
    guard noted.insert(text).inserted, notes.count < 100 else { return }
    notes.append((path.isEmpty ? text : "\(text) ('\(path)')").escapingControlCharacters())
  }
}

extension Collection<StoredTensor> {
  /// Bounds the work that many views of one storage could cause.
  ///
  /// - Throws: `.limitExceeded` when the tensors take far more bytes than `file` has.
  func checkTotal(against file: FileBytes) throws(CheckpointError) {
    let limit = (256 << 20) + 4 * file.count
    var total = 0
    for tensor in self {
      total += tensor.block.isDeflated ? tensor.block.byteCount : tensor.byteCount
      guard total <= limit else {
        throw CheckpointError(
          .limitExceeded, "has tensors of more than \(limit) bytes in \(file.count)",
          file: file.name)
      }
    }
  }
}

extension PickleGlobal {
  /// Whether this is a class of a TorchScript program.
  var isScript: Bool { module == "__torch__" || module.hasPrefix("__torch__.") }

  /// Objects whose whole meaning a `TorchValue` gives as numbers or text.
  var isPlainData: Bool {
    module.hasPrefix("numpy") || module == "_codecs" || module == "torch.serialization"
      || qualifiedName == "torch.device"
  }
}

extension PickleArena {
  /// A dictionary key as text: strings as they are, integers in decimal; nil for other keys.
  func keyText(_ id: PickleID) -> String? {
    switch self[id] {
    case .string(let index): strings[index]
    case .int(let value): String(value)
    default: nil
    }
  }
}
