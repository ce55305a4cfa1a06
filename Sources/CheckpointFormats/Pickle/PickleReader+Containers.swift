extension PickleReader {
  /// Makes a container or adds to the one on the stack, whose kind is checked each time.
  mutating func fillContainer(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .emptyTuple: push(.tuple(makeChildren()))
    case .tuple: push(.tuple(makeChildren(try popToMark("TUPLE"))))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .emptyList: push(.list(makeChildren()))
    case .list: push(.list(makeChildren(try popToMark("LIST"))))
    case .append: try add([try pop("APPEND")], "APPEND")
    case .appends: try add(popToMark("APPENDS"), "APPENDS")
    case .emptyDictionary: push(.dictionary(makeChildren()))
    case .dictionary: push(.dictionary(makeChildren(try pairs(popToMark("DICT"), "DICT"))))
    case .setItem:
      let value = try pop("SETITEM")
      try set([try pop("SETITEM"), value], "SETITEM")
    case .setItems: try set(popToMark("SETITEMS"), "SETITEMS")
    case .emptySet: push(.set(makeChildren()))
    case .frozenSet: push(.set(makeChildren(try popToMark("FROZENSET"))))
    default: try addItems(popToMark("ADDITEMS"))
    }
  }

  private mutating func pushTuple(_ count: Int) throws(CheckpointError) {
    guard stack.count - count >= (marks.last ?? 0) else {
      throw damaged("TUPLE\(count) without \(count) values")
    }
    let elements = Array(stack.suffix(count))
    stack.removeLast(count)
    push(.tuple(makeChildren(elements)))
  }

  private func pairs(
    _ items: [PickleID], _ instruction: String
  ) throws(CheckpointError) -> [PickleID] {
    guard items.count.isMultiple(of: 2) else {
      throw damaged("\(instruction) with a key that has no value")
    }
    return items
  }

  private mutating func add(
    _ items: [PickleID], _ instruction: String
  ) throws(CheckpointError) {
    switch arena[try top(instruction)] {
    case .list(let index): arena.children[index] += items
    case .record(let index): arena.children[arena.records[index].items] += items
    default: throw damaged("\(instruction) without a list")
    }
  }

  private mutating func set(
    _ items: [PickleID], _ instruction: String
  ) throws(CheckpointError) {
    let items = try pairs(items, instruction)
    switch arena[try top(instruction)] {
    case .dictionary(let index): arena.children[index] += items
    case .record(let index): arena.children[arena.records[index].items] += items
    default: throw damaged("\(instruction) without a dictionary")
    }
  }

  private mutating func addItems(_ items: [PickleID]) throws(CheckpointError) {
    guard case .set(let index) = arena[try top("ADDITEMS")] else {
      throw damaged("ADDITEMS without a set")
    }
    arena.children[index] += items
  }
}
