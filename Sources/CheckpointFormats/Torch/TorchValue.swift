package import OrderedCollections

/// A value of a PyTorch checkpoint, seen as plain data.
///
/// Every accessor answers nil when the value is of another kind.
package struct TorchValue: Sendable {
  let contents: TorchContents
  let id: PickleID

  /// Follows calls that stand for another value, such as a parameter for its tensor.
  init(_ contents: TorchContents, _ id: PickleID) {
    var id = id
    for _ in 0..<PickleReader.Limits.depth {
      guard case .alias(let inner)? = TorchValue.call(contents, id) else { break }
      id = inner
    }
    self.contents = contents
    self.id = id
  }

  private static func call(_ contents: TorchContents, _ id: PickleID) -> TorchTensorCall? {
    try? TorchTensorCall(id, contents.arena, malformed: CheckpointError(.corrupt, ""))
  }

  var arena: PickleArena { contents.arena }
  func value(_ id: PickleID) -> TorchValue { TorchValue(contents, id) }

  /// Values by key, in the file's order; integer keys are written in decimal, others left out.
  package var dictionary: OrderedDictionary<String, TorchValue>? {
    guard case .dictionary(let index) = arena[id] else { return nil }
    let items = arena.children[index]
    var result: OrderedDictionary<String, TorchValue> = [:]
    for position in stride(from: 0, to: items.count - 1, by: 2) {
      guard let key = arena.keyText(items[position]) else { continue }
      result[key] = value(items[position + 1])
    }
    return result
  }

  /// Number of values of a dictionary; 0 for other kinds.
  var count: Int {
    if case .dictionary(let index) = arena[id] { arena.children[index].count / 2 } else { 0 }
  }

  /// The value of a dictionary's key.
  package subscript(key: String) -> TorchValue? {
    guard case .dictionary(let index) = arena[id] else { return nil }
    let items = arena.children[index]
    for position in stride(from: 0, to: items.count - 1, by: 2)
    where arena.keyText(items[position]) == key {
      return value(items[position + 1])
    }
    return nil
  }

  /// The elements of a list, tuple or set.
  package var list: [TorchValue]? { arena.elements(id)?.map { value($0) } }

  /// The text of a string.
  package var string: String? { arena.string(id) }

  /// A whole number, of Python or numpy.
  package var int: Int? {
    if let value = arena.int(id) { return value }
    if case .int(let value)? = arena.numpyScalar(id) { return Int(exactly: value) }
    return nil
  }

  /// A number, of Python or numpy; whole numbers when a double holds them exactly.
  package var double: Double? {
    if case .double(let value) = arena[id] { return value }
    if case .double(let value)? = arena.numpyScalar(id) { return value }
    return int.flatMap { Double(exactly: $0) }
  }

  /// A truth value, of Python or numpy.
  package var bool: Bool? {
    if case .bool(let value) = arena[id] { return value }
    if case .bool(let value)? = arena.numpyScalar(id) { return value }
    return nil
  }

  /// Whether this is Python's None.
  package var isNone: Bool { if case .none = arena[id] { true } else { false } }

  /// The tensor, or the numpy array as a tensor; its bytes are read by `load()`.
  package var tensor: StoredTensor? { contents.tensors[id] }

  /// Class name and state of an object that the file would make and that is only data here.
  package var object: (className: String, state: TorchValue?)? {
    guard let (record, global) = arena.record(id), tensor == nil else { return nil }
    return (global.qualifiedName, record.state.map { value($0) })
  }
}
