import OrderedCollections
import TensorCore
import Testing

@testable import CheckpointFormats

@Suite struct TorchCheckpointTests {
  private func open(_ root: [UInt8], _ storages: [(String, [UInt8])] = []) throws -> TorchCheckpoint
  {
    var fixture = TorchFixture(root)
    fixture.storages = storages.map { (key: $0.0, bytes: $0.1) }
    return try TorchCheckpoint.open(fixture.file)
  }

  private func open(
    tensor: [UInt8], bytes: [UInt8] = floats([1, 2, 3, 4, 5, 6])
  ) throws -> Tensor? {
    try open(Pickle.dictionary([("a.weight", tensor)]), [("0", bytes)]).root["a.weight"]?.tensor?
      .load()
  }

  private func reject(
    _ code: CheckpointError.Code, _ text: String, _ tensor: [UInt8],
    bytes: [UInt8] = floats([1, 2, 3, 4]), sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(code, text, sourceLocation: sourceLocation) {
      _ = try open(tensor: tensor, bytes: bytes)
    }
  }

  @Test func `reads a small checkpoint from either container`() throws {
    let fixture = TorchFixture.small
    #expect(try weight(TorchCheckpoint.open(fixture.file)) == [1, 2, 3, 4])
    let legacy = FileBytes(fixture.legacy(), name: "m.pth")
    #expect(try weight(TorchCheckpoint.open(legacy)) == [1, 2, 3, 4])
    let protocol4 = TorchFixture(
      Pickle.dictionary([("a.weight", Pickle.tensor("0", shape: [2, 2]))]), protocol: 4)
    var deflated = protocol4.zip
    deflated.entries.append(.init("m/data/0", floats([1, 2, 3, 4])))
    for index in deflated.entries.indices { deflated.entries[index].isDeflated = true }
    #expect(
      try weight(TorchCheckpoint.open(FileBytes(deflated.bytes, name: "m"))) == [1, 2, 3, 4])
  }

  @Test func `reads strided, sliced, shared and broadcast views as C order`() throws {
    let count = 6
    let transposed = Pickle.tensor("0", shape: [3, 2], strides: [1, 3], count: count)
    #expect(try open(tensor: transposed)?.floatArray == [1, 4, 2, 5, 3, 6])
    let rows = Pickle.tensor("0", shape: [2, 2], strides: [3, 1], offset: 1, count: count)
    #expect(try open(tensor: rows)?.floatArray == [2, 3, 5, 6])
    let broadcast = Pickle.tensor("0", shape: [2, 3], strides: [0, 1], offset: 3, count: count)
    #expect(try open(tensor: broadcast)?.floatArray == [4, 5, 6, 4, 5, 6])
    let empty = Pickle.tensor("0", shape: [0, 3], strides: [9, 9], count: count)
    #expect(try open(tensor: empty)?.shape == [0, 3])
    let scalar = Pickle.tensor("0", shape: [], offset: 5, count: count)
    #expect(try open(tensor: scalar)?.floatArray == [6])
    let tied = try open(
      Pickle.dictionary([
        ("a.weight", Pickle.tensor("0", shape: [2])), ("b.weight", Pickle.tensor("0", shape: [2])),
      ]), [("0", floats([1, 2]))])
    #expect(tied.stateDictionaries().first?.tensors.count == 2)
  }

  @Test(arguments: [
    ("DoubleStorage", ElementType.float64), ("HalfStorage", .float16),
    ("BFloat16Storage", .bfloat16),
    ("LongStorage", .int64), ("IntStorage", .int32), ("ShortStorage", .int16),
    ("CharStorage", .int8),
    ("ByteStorage", .uint8), ("BoolStorage", .bool),
  ])
  func `reads every element type`(storage: String, type: ElementType) throws {
    let bytes = (0..<type.byteCount * 2).map { UInt8($0 & 1) }
    let tensor = try open(tensor: Pickle.tensor("0", shape: [2], type: storage), bytes: bytes)
    #expect(tensor?.elementType == type)
    let swapped = try #require(tensor)
    #expect(unsafe swapped.bytes.withUnsafeBytes { unsafe Array($0) } == bytes)
  }

  @Test func `swaps the bytes of a big-endian file and keeps every bit of NaN and infinity`() throws
  {
    var fixture = TorchFixture.small
    fixture.byteOrder = "big"
    let values: [Float] = [Float(bitPattern: 0x7FC0_1234), -.infinity, -0.0, 4]
    fixture.storages[0].bytes = values.flatMap { Pickle.littleEndian($0.bitPattern.byteSwapped) }
    let read = try weight(TorchCheckpoint.open(fixture.file))
    #expect(read?.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func `reads parameters, untyped storages and tensors with attributes`() throws {
    let inner = Pickle.tensor("0", shape: [2], count: 6)
    let parameter = Pickle.call(
      "torch._utils", "_rebuild_parameter", inner, Pickle.yes, Pickle.orderedDictionary)
    #expect(try open(tensor: parameter)?.floatArray == [1, 2])
    let arguments = Pickle.tuple(
      Pickle.storage("0", 24, type: "UntypedStorage"), Pickle.int(1), Pickle.integers([2]),
      Pickle.integers([1]), Pickle.no, Pickle.none, Pickle.global("torch", "float32"))
    let untyped = Pickle.global("torch._utils", "_rebuild_tensor_v3") + arguments + Pickle.reduce
    #expect(try open(tensor: untyped)?.floatArray == [2, 3])
    let attributed = Pickle.call(
      "torch._tensor", "_rebuild_from_type_v2",
      Pickle.global("torch._utils", "_rebuild_tensor_v3"), Pickle.global("torch", "Tensor"),
      arguments, Pickle.none)
    #expect(try open(tensor: attributed)?.floatArray == [2, 3])
  }

  @Test func `finds the dictionaries of weights and names the values ignored`() throws {
    let weights = Pickle.dictionary([("a.weight", Pickle.tensor("0", shape: [2]))])
    let root = Pickle.dictionary([
      ("epoch", Pickle.int(3)), ("args", Pickle.object("argparse", "Namespace", state: weights)),
      ("net", Pickle.dictionary([("model", weights)])),
      ("names", Pickle.list([Pickle.string("x")])),
    ])
    let checkpoint = try open(root, [("0", floats([1, 2])), ("9", [0])])
    #expect(checkpoint.stateDictionaries().map(\.path) == [["net", "model"]])
    #expect(checkpoint.value(at: ["epoch"])?.int == 3)
    #expect(checkpoint.root["args"]?.object?.className == "argparse.Namespace")
    #expect(checkpoint.root["names"]?.list?.first?.string == "x")
    #expect(
      checkpoint.notes == [
        "ignored: 1 storages that no tensor refers to",
        "ignored: an object of class argparse.Namespace ('args')",
      ])
  }

  @Test func `reads the weights of a whole module without running its class`() throws {
    let convolution = Pickle.object(
      "torch.nn.modules.conv", "Conv2d",
      state: Pickle.dictionary([
        (
          "_parameters",
          Pickle.dictionary([("weight", Pickle.tensor("0", shape: [2])), ("bias", Pickle.none)])
        ),
        (
          "_buffers",
          Pickle.dictionary([
            ("kept", Pickle.tensor("0", shape: [2])), ("lost", Pickle.tensor("0", shape: [2])),
          ])
        ),
        ("_non_persistent_buffers_set", Pickle.list([Pickle.string("lost")])),
        ("_modules", Pickle.emptyDictionary),
      ]))
    let state = Pickle.dictionary([
      ("_parameters", Pickle.emptyDictionary), ("_buffers", Pickle.emptyDictionary),
      ("_modules", Pickle.dictionary([("enc", convolution)])),
    ])
    let module = Pickle.object("__main__", "Net", state: state)
    let found = try open(module, [("0", floats([1, 2]))]).stateDictionaries()
    #expect(found.first?.isFromObject == true)
    #expect(found.first.map { Array($0.tensors.keys) } == ["enc.weight", "enc.kept"])
    // Before 1.6 the class came with its source text.
    let classID =
      Pickle.tuple(
        Pickle.string("module"), Pickle.global("__main__", "Net"), Pickle.string("net.py"),
        Pickle.string("import os")) + Pickle.persistentID
    var legacy = TorchFixture(
      classID + Pickle.emptyTuple + Pickle.newObject + state + Pickle.build)
    legacy.storages = [("0", floats([1, 2]))]
    let old = try TorchCheckpoint.open(FileBytes(legacy.legacy(), name: "m"))
    #expect(old.stateDictionaries().first?.tensors.count == 2)
  }

  @Test func `reads the weights of a TorchScript object`() throws {
    let inner = Pickle.object(
      "__torch__.net", "Conv",
      state: Pickle.dictionary([
        ("weight", Pickle.tensor("0", shape: [2])), ("training", Pickle.no),
      ]))
    let script = Pickle.object(
      "__torch__.net", "Net", state: Pickle.dictionary([("enc", inner)]))
    let found = try open(script, [("0", floats([1, 2]))]).stateDictionaries()
    #expect(found.first.map { Array($0.tensors.keys) } == ["enc.weight"])
  }

  @Test func `reads numbers and arrays of numpy`() throws {
    func dtype(_ name: String, _ order: String) -> [UInt8] {
      Pickle.call("numpy", "dtype", Pickle.string(name), Pickle.no, Pickle.yes)
        + Pickle.tuple(Pickle.int(3), Pickle.string(order), Pickle.none) + Pickle.build
    }
    func encoded(_ bytes: [UInt8]) -> [UInt8] {
      let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
      return Pickle.call("_codecs", "encode", Pickle.string(text), Pickle.string("latin1"))
    }
    let double = Pickle.littleEndian((2.5).bitPattern)
    let array = Pickle.call(
      "numpy.core.multiarray", "_reconstruct", Pickle.global("numpy", "ndarray"),
      Pickle.integers([0]), encoded([0x62]))
    let state = Pickle.tuple(
      Pickle.int(1), Pickle.integers([2]), dtype("f4", "<"), Pickle.no, encoded(floats([1, 2])))
    let root = Pickle.dictionary([
      ("new", Pickle.call("numpy._core.multiarray", "scalar", dtype("f8", "<"), encoded(double))),
      (
        "old",
        Pickle.call(
          "numpy.core.multiarray", "scalar", dtype("i8", ">"),
          Pickle.shortString([0, 0, 0, 0, 0, 0, 1, 2]))
      ),
      ("flag", Pickle.call("numpy.core.multiarray", "scalar", dtype("b1", "|"), encoded([1]))),
      ("array", array + state + Pickle.build),
    ])
    let checkpoint = try open(root)
    #expect(checkpoint.root["new"]?.double == 2.5)
    #expect(checkpoint.root["old"]?.int == 258)
    #expect(checkpoint.root["flag"]?.bool == true)
    #expect(try checkpoint.root["array"]?.tensor?.load().floatArray == [1, 2])
    #expect(checkpoint.notes == ["the file carries no checksums"] || checkpoint.notes.isEmpty)
  }

  @Test func `rejects views that leave their storage`() {
    reject(
      .truncated, "needs 20 bytes of storage, which has 16 (a.weight)",
      Pickle.tensor("0", shape: [4], offset: 1, count: 4))
    reject(
      .truncated, "storage", Pickle.tensor("0", shape: [2, 2], strides: [1 << 61, 1], count: 4))
    reject(.corrupt, "negative", Pickle.tensor("0", shape: [-1], count: 4))
    reject(.corrupt, "negative", Pickle.tensor("0", shape: [2], strides: [-1], count: 4))
    reject(.corrupt, "element -1", Pickle.tensor("0", shape: [2], offset: -1, count: 4))
    reject(.corrupt, "element", Pickle.tensor("0", shape: [2], offset: .max, count: 4))
    reject(
      .corrupt, "1 sizes and 2 strides", Pickle.tensor("0", shape: [2], strides: [1, 1], count: 4))
    reject(
      .corrupt, "wrong arguments", Pickle.call("torch._utils", "_rebuild_tensor_v2", Pickle.none))
  }

  @Test func `rejects shapes no storage justifies`() {
    let huge = Pickle.tensor("0", shape: [1 << 20, 1 << 20], strides: [0, 0], count: 4)
    reject(.limitExceeded, "larger than its 16 stored bytes allow", huge)
    reject(.limitExceeded, "larger", Pickle.tensor("0", shape: [1 << 62], count: 4))
    reject(.limitExceeded, "larger", Pickle.tensor("0", shape: [1 << 40, 1 << 40], count: 4))
    let ones = [Int](repeating: 1, count: 1000)
    reject(.limitExceeded, "1000 axes", Pickle.tensor("0", shape: ones, strides: ones, count: 4))
    let broadcast = (0..<40).map {
      ("t\($0).weight", Pickle.tensor("0", shape: [1 << 22], strides: [0], count: 4))
    }
    expectError(.limitExceeded, "has tensors of more than") {
      _ = try open(Pickle.dictionary(broadcast), [("0", floats([1, 2, 3, 4]))])
    }
  }

  @Test func `rejects storages that are missing, short, long or of two types`() {
    reject(.missing, "no storage '7'", Pickle.tensor("7", shape: [4]))
    reject(.missing, "no storage '../0'", Pickle.tensor("../0", shape: [4]))
    reject(
      .truncated, "has 15 bytes where 16 are declared (data/0)",
      Pickle.tensor("0", shape: [4]), bytes: [UInt8](repeating: 0, count: 15))
    reject(
      .corrupt, "has 17 bytes", Pickle.tensor("0", shape: [4]),
      bytes: [UInt8](repeating: 0, count: 17))
    reject(.unsupported, "torch.OddStorage", Pickle.tensor("0", shape: [4], type: "OddStorage"))
    reject(.corrupt, "not a storage", Pickle.none + Pickle.persistentID)
    let two = Pickle.list([
      Pickle.tensor("0", shape: [4]), Pickle.tensor("0", shape: [2], type: "LongStorage"),
    ])
    expectError(.corrupt, "two types") { _ = try open(two, [("0", floats([1, 2, 3, 4]))]) }
    reject(
      .corrupt, "neither 0 nor 1", Pickle.tensor("0", shape: [2], type: "BoolStorage"),
      bytes: [1, 2])
  }

  @Test func `keeps tensors of other kinds out with a note`() throws {
    let sparse = Pickle.call("torch._utils", "_rebuild_sparse_tensor", Pickle.none)
    let complex = Pickle.tensor("0", shape: [1], type: "ComplexFloatStorage")
    let checkpoint = try open(
      Pickle.dictionary([("s", sparse), ("c", complex)]), [("0", floats([1, 2]))])
    #expect(checkpoint.root["s"]?.tensor == nil)
    #expect(checkpoint.root["c"]?.tensor == nil)
    #expect(checkpoint.notes.count == 2)
  }

  @Test func `rejects repeated and endless names`() throws {
    expectError(.corrupt, "two values named 'w'") {
      _ = try open(Pickle.dictionary([("w", Pickle.none), ("w", Pickle.none)]))
    }
    expectError(.limitExceeded, "name of 5000 bytes") {
      _ = try open(Pickle.dictionary([(String(repeating: "n", count: 5000), Pickle.none)]))
    }
    let odd = Pickle.emptyDictionary + Pickle.emptyTuple + Pickle.none + Pickle.setItem
    #expect(try open(odd).notes.first?.contains("key is not text") == true)
  }

  @Test func `rejects archives that are not PyTorch's`() {
    func reject(_ code: CheckpointError.Code, _ text: String, _ entries: [ZipFixture.Entry]) {
      expectError(code, text) {
        _ = try TorchCheckpoint.open(FileBytes(ZipFixture(entries).bytes, name: "m"))
      }
    }
    let pickle = ZipFixture.Entry("m/data.pkl", Pickle.file(Pickle.none))
    reject(.notThisFormat, "lies in no folder", [.init("data.pkl", [])])
    reject(.corrupt, "two root folders, 'm' and 'n'", [pickle, .init("n/x", [])])
    reject(.notThisFormat, "no data.pkl", [.init("m/x", [])])
    reject(.notThisFormat, "no data.pkl", [.init("m/DATA.PKL", [])])
    reject(.notThisFormat, "torch.export", [.init("m/archive_format", Array("pt2".utf8))])
    reject(
      .unsupported, "give that file",
      [.init("serialized_state_dict.pt", []), .init("version", Array("8.8".utf8))])
    reject(.unsupported, "container version '11'", [pickle, .init("m/version", Array("11".utf8))])
    reject(
      .unsupported, "byte order 'middle'", [pickle, .init("m/byteorder", Array("middle".utf8))])
    reject(
      .corrupt, "has 2 bytes after its end (data.pkl byte 4)",
      [.init("m/data.pkl", Pickle.file(Pickle.none) + [0, 0])])
    var bomb = ZipFixture.Entry("m/data.pkl", [UInt8](repeating: 0x4E, count: 4 << 20))
    bomb.isDeflated = true
    reject(.limitExceeded, "would unpack to 4194304 bytes from", [bomb])
  }

  @Test func `rejects a plain pickle, and names the attack in one`() {
    expectError(.notThisFormat, "plain Python pickle") {
      _ = try TorchCheckpoint.open(FileBytes(Pickle.file(Pickle.none), name: "f"))
    }
    expectError(.refused, "contains a call to posix.system") {
      let attack = Pickle.file(Pickle.call("posix", "system", Pickle.string("id")))
      _ = try TorchCheckpoint.open(FileBytes(attack, name: "f"))
    }
  }
}
