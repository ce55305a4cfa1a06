/// Where a value lies in a `PickleArena`.
package struct PickleID: Hashable, Sendable {
  let index: UInt32
}

/// One value of a pickle; containers and calls refer to tables of the arena.
package enum PickleNode: Sendable {
  case none
  case bool(Bool)
  case int(Int64)
  /// An integer beyond 64 bits, as its little-endian two's complement bytes in the pickle.
  case bigInteger(Range<Int>)
  case double(Double)
  /// Index into `strings`.
  case string(Int)
  /// Where the bytes lie in the pickle.
  case bytes(Range<Int>)
  /// Index into `children`: the elements.
  case list(Int)
  case tuple(Int)
  case set(Int)
  /// Index into `children`: key, value, key, value, …
  case dictionary(Int)
  /// A name that a pickle would import; index into `globals`.
  case global(Int)
  /// What the pickle's container resolves, such as a storage.
  case persistent(PickleID)
  /// An object the pickle would make by a call; index into `records`.
  case record(Int)
}

/// A name that a pickle would import.
package struct PickleGlobal: Hashable, Sendable {
  /// The module, Python 2 names mapped to those of Python 3.
  package let module: String
  package let name: String
  /// `module.name`.
  package var qualifiedName: String { "\(module).\(name)" }
}

/// An object that unpickling would make; kept as data, never made.
package struct PickleRecord: Sendable {
  /// What would be called: a global, as the reader has checked.
  package let callable: Int
  /// The tuple of arguments.
  package let arguments: PickleID
  /// What BUILD would hand to the object.
  package internal(set) var state: PickleID?
  /// Index into `children`: list items or keys and values added to the object.
  package let items: Int
}

/// Every value of one pickle in flat tables, so that no depth of nesting can exhaust the stack when
/// it is read or released.
package struct PickleArena: Sendable {
  package internal(set) var nodes: [PickleNode] = []
  package internal(set) var strings: [String] = []
  package internal(set) var children: [[PickleID]] = []
  package internal(set) var globals: [PickleGlobal] = []
  package internal(set) var records: [PickleRecord] = []
  /// The pickle's bytes, to which `bytes` and `bigInteger` refer.
  package let source: [UInt8]

  init(source: [UInt8]) { self.source = source }

  /// The value at `id`.
  package subscript(id: PickleID) -> PickleNode { nodes[Int(id.index)] }

  /// The elements of a list, tuple or set, or nil.
  package func elements(_ id: PickleID) -> [PickleID]? {
    switch self[id] {
    case .list(let index), .tuple(let index), .set(let index): children[index]
    default: nil
    }
  }

  /// The text of a string, or nil.
  package func string(_ id: PickleID) -> String? {
    if case .string(let index) = self[id] { strings[index] } else { nil }
  }

  /// A 64-bit integer, or nil; booleans are not integers here.
  package func int(_ id: PickleID) -> Int? {
    if case .int(let value) = self[id] { Int(exactly: value) } else { nil }
  }

  /// The imported name, or nil.
  package func global(_ id: PickleID) -> PickleGlobal? {
    if case .global(let index) = self[id] { globals[index] } else { nil }
  }

  /// The call and its name, or nil.
  package func record(_ id: PickleID) -> (PickleRecord, PickleGlobal)? {
    guard case .record(let index) = self[id] else { return nil }
    return (records[index], globals[records[index].callable])
  }

  /// Everything `id` refers to directly.
  func references(of id: PickleID) -> [PickleID] {
    switch self[id] {
    case .list(let index), .tuple(let index), .set(let index), .dictionary(let index):
      return children[index]
    case .persistent(let inner):
      return [inner]
    case .record(let index):
      let record = records[index]
      return [record.arguments] + (record.state.map { [$0] } ?? []) + children[record.items]
    default:
      return []
    }
  }
}
