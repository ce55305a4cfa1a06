import Testing

@testable import CheckpointFormats

@Suite struct PickleReaderTests {
  private func read(_ body: [UInt8], protocol version: UInt8 = 2) throws -> PickleReader.Result {
    try PickleReader.read(
      Pickle.file(body, protocol: version), file: "f", subject: "data.pkl")
  }

  private func reject(
    _ code: CheckpointError.Code, _ text: String, _ body: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(code, text, sourceLocation: sourceLocation) { _ = try read(body) }
  }

  @Test func `reads numbers of every kind`() throws {
    let body = Pickle.list([
      Pickle.int(-5), [0x4B, 200], [0x4D, 1, 2], [0x8A, 0], [0x8A, 1, 0xFF], [0x8A, 2, 0xFF, 0x00],
      Pickle.int(1 << 40), [0x8B, 1, 0, 0, 0, 7],
    ])
    let pickle = try read(body)
    let values = try #require(pickle.arena.elements(pickle.root)).map { pickle.arena.int($0) }
    #expect(values == [-5, 200, 513, 0, -1, 255, 1 << 40, 7])
    let double = try read(Pickle.double(-0.5))
    guard case .double(-0.5) = double.arena[double.root] else {
      Issue.record("not a double")
      return
    }
  }

  @Test func `reads protocol 4 with frames, memo and names from the stack`() throws {
    var body: [UInt8] = [0x95] + Pickle.littleEndian(UInt64(10)) + [0x7D, 0x94, 0x28]
    body += [0x8C, 1] + Array("k".utf8) + [0x94, 0x8F, 0x28, 0x4B, 1, 0x90, 0x75]
    let pickle = try read(body, protocol: 4)
    guard case .dictionary(let index) = pickle.arena[pickle.root] else {
      Issue.record("not a dictionary")
      return
    }
    #expect(pickle.arena.string(pickle.arena.children[index][0]) == "k")
    #expect(pickle.arena.elements(pickle.arena.children[index][1])?.count == 1)
    let named = try read(
      [0x8C, 2] + Array("os".utf8) + [0x8C, 4] + Array("name".utf8) + [0x93], protocol: 4)
    #expect(named.arena.global(named.root)?.qualifiedName == "os.name")
  }

  @Test func `reads names of Python 2 as those of Python 3`() throws {
    let pickle = try read(Pickle.global("__builtin__", "long"))
    #expect(pickle.arena.global(pickle.root)?.qualifiedName == "builtins.int")
    let text = try read(Pickle.shortString(Array("key".utf8)))
    #expect(text.arena.string(text.root) == "key")
  }

  @Test func `keeps an unknown call as data`() throws {
    let pickle = try read(
      Pickle.object("argparse", "Namespace", state: Pickle.dictionary([("lr", Pickle.int(1))])))
    let (record, global) = try #require(pickle.arena.record(pickle.root))
    #expect(global.qualifiedName == "argparse.Namespace")
    #expect(record.state != nil)
  }

  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"),
    ("builtins", "eval"), ("__builtin__", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
    ("builtins", "__import__"), ("builtins", "open"), ("builtins", "compile"),
    ("runpy", "_run_code"), ("sys", "exit"), ("shutil", "rmtree"), ("socket", "socket"),
    ("importlib", "import_module"), ("pty", "spawn"), ("torch", "load"),
    ("torch.serialization", "load"), ("torch.hub", "load"), ("operator", "methodcaller"),
    ("webbrowser", "open"), ("pip._internal", "main"), ("numpy", "load"),
  ])
  func `rejects a call of a dangerous name`(module: String, name: String) {
    let global = PickleGlobal(pickledModule: module, name: name).qualifiedName
    let call = Pickle.call(module, name, Pickle.string("x"))
    let offset = 2 + call.count - 1
    reject(.refused, "contains a call to \(global) (data.pkl byte \(offset))", call)
    let object = Pickle.global(module, name) + Pickle.emptyTuple + Pickle.newObject
    reject(.refused, "contains a call to \(global)", object)
    let indirect = Pickle.call(
      "torch._tensor", "_rebuild_from_type_v2", Pickle.global(module, name), Pickle.none)
    reject(.refused, "contains a call to \(global)", indirect)
  }

  @Test func `rejects a dangerous name taken from the stack`() {
    let name = Pickle.string("posix") + Pickle.string("system") + [0x93]
    reject(
      .refused, "contains a call to posix.system", name + Pickle.string("id") + [0x85, 0x52])
    reject(
      .refused, "contains a call to os.system",
      Pickle.mark + Pickle.string("id") + [0x69] + Array("os\nsystem\n".utf8))
  }

  @Test(arguments: [0x6F, 0x82, 0x83, 0x84, 0x50, 0x97, 0x98] as [UInt8])
  func `rejects instructions that only attacks use`(opcode: UInt8) {
    reject(.refused, "model files never use", Pickle.mark + [opcode, 0, 0, 0, 0])
  }

  @Test(arguments: [0x49, 0x4C, 0x46, 0x53, 0x56, 0x67, 0x70] as [UInt8])
  func `rejects text instructions`(opcode: UInt8) {
    reject(.unsupported, "protocol 0", [opcode, 0x31, 0x0A])
  }

  @Test func `rejects protocols that do not exist`() {
    expectError(.unsupported, "protocol 6") { _ = try read([], protocol: 6) }
    expectError(.unsupported, "protocol 1") { _ = try read([], protocol: 1) }
  }

  @Test(
    arguments: [
      ("SETITEMS without a dictionary", [0x5D, 0x28, 0x4E, 0x4E, 0x75]),
      ("SETITEM without a dictionary", [0x4E, 0x4E, 0x4E, 0x73]),
      ("SETITEM without a value", [0x4E, 0x73]),
      ("SETITEMS with a key that has no value", [0x7D, 0x28, 0x4E, 0x75]),
      ("SETITEMS without a mark", [0x7D, 0x75]),
      ("APPEND without a list", [0x7D, 0x4E, 0x61]),
      ("APPENDS without a list", [0x4B, 1, 0x28, 0x4E, 0x65]),
      ("ADDITEMS without a set", [0x5D, 0x28, 0x4E, 0x90]),
      ("TUPLE2 without 2 values", [0x4E, 0x86]), ("TUPLE without a mark", [0x4E, 0x74]),
      ("BUILD without an object", [0x4B, 1, 0x7D, 0x62]), ("DUP without a value", [0x32]),
      ("POP without a value", [0x30]), ("STOP without a value", []),
      ("STOP with 1 values left over", [0x4E, 0x4E]),
      ("memo entry 7 does not exist", [0x68, 7]), ("BINPUT without a value", [0x71, 0]),
      ("unknown instruction 255", [0xFF]), ("not UTF-8", [0x58, 1, 0, 0, 0, 0xFF]),
      ("not UTF-8", [0x58, 3, 0, 0, 0, 0xED, 0xA0, 0x80]),
      ("STACK_GLOBAL without two strings", [0x4E, 0x4E, 0x93]),
      ("a call whose arguments are not a tuple", [0x63, 97, 10, 98, 10, 0x4E, 0x52]),
      ("a call of something that has no name", [0x4E, 0x29, 0x52]),
      ("an object built twice", [0x63, 97, 10, 98, 10, 0x29, 0x81, 0x7D, 0x62, 0x7D, 0x62]),
      ("refers to itself", [0x5D, 0x71, 0, 0x68, 0, 0x61]),
      ("refers to itself", [0x5D, 0x71, 0, 0x68, 0, 0x85, 0x61]),
      ("refers to itself", [0x7D, 0x71, 0, 0x4E, 0x68, 0, 0x73]),
    ] as [(String, [UInt8])])
  func `rejects a damaged pickle`(text: String, body: [UInt8]) {
    reject(.corrupt, text, body)
  }

  @Test(
    arguments: [
      ("string of 2147483647 bytes", [0x58, 0xFF, 0xFF, 0xFF, 0x7F]),
      ("string of 4294967295 bytes", [0x54, 0xFF, 0xFF, 0xFF, 0xFF]),
      ("string of 4294967295 bytes", [0x42, 0xFF, 0xFF, 0xFF, 0xFF]),
      ("string of 9223372036854775807 bytes", [0x8D] + [UInt8](repeating: 0xFF, count: 7) + [0x7F]),
      ("frame of 255 bytes", [0x95, 0xFF, 0, 0, 0, 0, 0, 0, 0]),
      ("ends inside a name", [0x63, 97, 98]), ("byte", [0x8A, 9]),
    ] as [(String, [UInt8])])
  func `rejects lengths that do not fit`(text: String, body: [UInt8]) {
    reject(.truncated, text, body)
    reject(.corrupt, "length of 18446744073709551615", [0x8E] + [UInt8](repeating: 0xFF, count: 8))
    reject(.limitExceeded, "integer of 2147483647 bytes", [0x8B, 0xFF, 0xFF, 0xFF, 0x7F])
  }

  @Test func `rejects a pickle without its end`() {
    expectError(.truncated, "data.pkl byte 3") {
      _ = try PickleReader.read([0x80, 2, 0x4E], file: "f", subject: "data.pkl")
    }
  }

  @Test func `keeps an enormous memo index from costing memory`() throws {
    _ = try read([0x4E, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x6A, 0xFF, 0xFF, 0xFF, 0xFF, 0x30])
  }

  @Test func `rejects nesting, stacks, marks and memos beyond a checkpoint's`() {
    let many = 1_000_001
    reject(
      .limitExceeded, "nested deeper than 200", Pickle.none + [UInt8](repeating: 0x85, count: 300))
    reject(.limitExceeded, "more values", Pickle.none + [UInt8](repeating: 0x32, count: many))
    reject(.limitExceeded, "more values", [UInt8](repeating: 0x28, count: 100_001))
    reject(.limitExceeded, "more values", Pickle.none + [UInt8](repeating: 0x94, count: many))
    reject(
      .limitExceeded, "name without an end", [0x63] + [UInt8](repeating: 0x61, count: 100_000))
  }

  @Test func `rejects long values used over and over`() {
    let many = 100_000
    let list = Pickle.emptyList + Pickle.mark + [UInt8](repeating: 0x4E, count: many)
    let tuple = Pickle.mark + [UInt8](repeating: 0x4E, count: many) + Pickle.tuple
    let copy = Pickle.global("builtins", "list") + Pickle.get(0) + Pickle.tuple1 + Pickle.reduce
    let call = Pickle.global("a", "b") + Pickle.get(0) + Pickle.reduce
    for (value, use) in [(list + Pickle.appends, copy), (tuple, call)] {
      let uses = [[UInt8]](repeating: use + [0x30], count: 201).joined()
      reject(.limitExceeded, "over and over", value + Pickle.put(0) + uses)
    }
    let name = Pickle.string(String(repeating: "n", count: 5000))
    reject(.limitExceeded, "name of 5001 bytes", name + Pickle.string("m") + [0x93])
  }

  @Test func `reads forty levels of tenfold references at once`() throws {
    var body = Pickle.emptyList + Pickle.put(0)
    for level in 1...40 as ClosedRange<UInt8> {
      body += [0x30] + Pickle.list([[UInt8]](repeating: Pickle.get(level - 1), count: 10))
      body += Pickle.put(level)
    }
    _ = try read(body)
  }
}
