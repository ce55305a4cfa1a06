extension PickleReader {
  /// Reads a name to import and pushes it as data.
  mutating func pushGlobal(_ opcode: PickleOpcode) throws(CheckpointError) {
    let global: PickleGlobal
    if opcode == .global {
      let module = try line()
      global = PickleGlobal(pickledModule: module, name: try line())
    } else {
      let name = try pop("STACK_GLOBAL")
      let module = try pop("STACK_GLOBAL")
      guard let name = arena.string(name), let module = arena.string(module) else {
        throw damaged("STACK_GLOBAL without two strings")
      }
      guard name.utf8.count + module.utf8.count <= Limits.nameBytes else {
        throw tooMuch("has a name of \(name.utf8.count + module.utf8.count) bytes")
      }
      try charge(name.utf8.count + module.utf8.count)
      global = PickleGlobal(pickledModule: module, name: name)
    }
    push(.global(index(of: global)))
  }

  /// Pushes what the container resolves; a class that a whole-module file names together with its
  /// source text, `('module', class, file, text)`, is the class alone.
  mutating func pushPersistent() throws(CheckpointError) {
    let identifier = try pop("BINPERSID")
    if let parts = arena.elements(identifier), parts.count == 4,
      arena.string(parts[0]) == "module", arena.global(parts[1]) != nil
    {
      stack.append(parts[1])
    } else {
      push(.persistent(identifier))
    }
  }

  private mutating func line() throws(CheckpointError) -> String {
    let rest = reader.bytes[reader.offset...].prefix(Limits.nameBytes)
    guard let end = rest.firstIndex(of: 0x0A) else {
      guard rest.count < Limits.nameBytes else { throw tooMuch("has a name without an end") }
      throw CheckpointError(
        .truncated, "ends inside a name", file: reader.file, subject: reader.subject, offset: start)
    }
    let range = try reader.take(end + 1 - reader.offset).dropLast()
    guard let text = String(validating: reader.bytes[range], as: UTF8.self) else {
      throw damaged("a name that is not UTF-8")
    }
    return text
  }

  /// Records a call without making it; calls that only make a plain container become the container.
  mutating func call(_ opcode: PickleOpcode) throws(CheckpointError) {
    let keywords = opcode == .newObjectEx ? try pop("NEWOBJ_EX") : nil
    let arguments = try pop("\(opcode)")
    let callable = try pop("\(opcode)")
    guard let elements = arena.elements(arguments), case .tuple = arena[arguments] else {
      throw damaged("a call whose arguments are not a tuple")
    }
    guard case .global(let index) = arena[callable] else {
      throw damaged("a call of something that has no name")
    }
    try charge(elements.count)
    for id in [callable] + elements {
      if case .global(let named) = arena[id], dangerousGlobals.contains(named) {
        throw refused("contains a call to \(arena.globals[named].qualifiedName)")
      }
    }
    if keywords == nil, let container = try container(arena.globals[index], elements) {
      stack.append(container)
      return
    }
    let items = makeChildren()
    arena.records.append(
      PickleRecord(callable: index, arguments: arguments, state: keywords, items: items))
    push(.record(arena.records.count - 1))
  }

  private mutating func container(
    _ global: PickleGlobal, _ arguments: [PickleID]
  ) throws(CheckpointError) -> PickleID? {
    switch global.qualifiedName {
    case "collections.defaultdict":
      return try dictionary(arguments.dropFirst())
    case "collections.OrderedDict", "collections.Counter", "builtins.dict":
      return try dictionary(arguments[...])
    case "builtins.set", "builtins.frozenset":
      return try sequence(arguments.first, PickleNode.set)
    case "builtins.list":
      return try sequence(arguments.first, PickleNode.list)
    case "builtins.tuple", "torch.Size":
      return try sequence(arguments.first, PickleNode.tuple)
    default:
      return nil
    }
  }

  private mutating func sequence(
    _ source: PickleID?, _ node: (Int) -> PickleNode
  ) throws(CheckpointError) -> PickleID? {
    guard let source else { return make(node(makeChildren())) }
    guard let elements = arena.elements(source) else { return nil }
    try charge(elements.count)
    return make(node(makeChildren(elements)))
  }

  /// A new dictionary of another's items or of a list of pairs; nil for other arguments.
  private mutating func dictionary(
    _ arguments: ArraySlice<PickleID>
  ) throws(CheckpointError) -> PickleID? {
    guard let source = arguments.first else { return make(.dictionary(makeChildren())) }
    if case .dictionary(let index) = arena[source] {
      try charge(arena.children[index].count)
      return make(.dictionary(makeChildren(arena.children[index])))
    }
    var items: [PickleID] = []
    guard let pairs = arena.elements(source) else { return nil }
    try charge(pairs.count)
    for pair in pairs {
      guard let pair = arena.elements(pair), pair.count == 2 else { return nil }
      items += pair
    }
    return make(.dictionary(makeChildren(items)))
  }

  /// Keeps the state that BUILD would set; a dictionary's attributes (`_metadata`) are not content.
  mutating func build() throws(CheckpointError) {
    let state = try pop("BUILD")
    switch arena[try top("BUILD")] {
    case .dictionary:
      break
    case .record(let index):
      guard arena.records[index].state == nil else { throw damaged("an object built twice") }
      arena.records[index].state = state
    default:
      throw damaged("BUILD without an object")
    }
  }

  /// Names the call that a protocol 0 INST would make.
  mutating func refuseInstance() throws(CheckpointError) {
    let module = try line()
    let global = PickleGlobal(pickledModule: module, name: try line())
    throw refused("contains a call to \(global.qualifiedName)")
  }
}
