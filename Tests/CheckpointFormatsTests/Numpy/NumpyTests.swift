import OrderedCollections
import TensorCore
import Testing

@testable import CheckpointFormats

enum NumpyFixture {
  static func file(
    _ literal: String, _ data: [UInt8] = floats([1, 2, 3, 4]), version: UInt8 = 1
  ) -> [UInt8] {
    let count =
      version == 1
      ? Pickle.littleEndian(UInt16(literal.utf8.count))
      : Pickle.littleEndian(UInt32(literal.utf8.count))
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + count + Array(literal.utf8) + data
  }

  static func literal(_ type: String, _ shape: String, fortran: Bool = false) -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), } \n"
  }

  static let small = file(literal("<f4", "(2, 2)"))
}

@Suite struct NumpyTests {
  private func load(_ bytes: [UInt8]) throws -> Tensor {
    try NumpyArray.open(FileBytes(bytes, name: "a.npy")).load()
  }

  private func reject(
    _ code: CheckpointError.Code, _ text: String, _ literal: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(code, text, sourceLocation: sourceLocation) {
      _ = try load(NumpyFixture.file(literal))
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func `reads every version`(version: UInt8) throws {
    let literal = NumpyFixture.literal("<f4", "(4,)")
    #expect(try load(NumpyFixture.file(literal, version: version)).floatArray == [1, 2, 3, 4])
  }

  @Test func `reads Fortran order, big-endian numbers, scalars and double quotes`() throws {
    let fortran = NumpyFixture.literal("<f4", "(2, 2)", fortran: true)
    #expect(try load(NumpyFixture.file(fortran)).floatArray == [1, 3, 2, 4])
    let big = NumpyFixture.literal(">i2", "(2L,)")
    let integers = try load(NumpyFixture.file(big, [1, 2, 0xFF, 0xFE]))
    #expect(integers.convertedToFloat32().floatArray == [258, -2])
    #expect(try load(NumpyFixture.file(NumpyFixture.literal("|b1", "()"), [1])).shape == [])
    let quotes = #"{"shape":(0,3),"descr":"<f8","fortran_order":False}"#
    #expect(try load(NumpyFixture.file(quotes, [])).shape == [0, 3])
  }

  @Test(arguments: ElementType.allCases.filter { $0 != .bfloat16 })
  func `reads back every element type it writes`(type: ElementType) throws {
    let tensor = unsafe Tensor(elementType: type, shape: [3, 1]) { bytes in
      for index in bytes.indices { unsafe bytes[index] = UInt8(index & 1) }
    }
    try withTemporaryFolder { folder in
      try NumpyArray.write(tensor, to: folder + "/a.npy")
      let file = try FileBytes(path: folder + "/a.npy")
      #expect((file.count - tensor.byteCount) % 64 == 0)
      #expect(try NumpyArray.open(file).load() == tensor)
      let tensors: OrderedDictionary = ["z": tensor, "a/b": tensor]
      try NumpyArchive.write(tensors, to: folder + "/a.npz")
      let archive = try NumpyArchive.open(FileBytes(path: folder + "/a.npz"))
      #expect(Array(archive.keys) == ["z", "a/b"])
      #expect(try archive["a/b"]?.load() == tensor)
    }
  }

  @Test func `rejects Python objects, text, records and unknown types`() {
    reject(.refused, "holds Python objects ('|O')", NumpyFixture.literal("|O", "(4,)"))
    reject(.unsupported, "type '<U4'", NumpyFixture.literal("<U4", "(4,)"))
    reject(.unsupported, "type '<u2'", NumpyFixture.literal("<u2", "(8,)"))
    reject(.unsupported, "type '|f4'", NumpyFixture.literal("|f4", "(4,)"))
    reject(
      .unsupported, "records", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}")
    let bits = unsafe Tensor(elementType: .bfloat16, shape: [1]) { _ in }
    expectError(.unsupported, "bf16") { _ = try NumpyArray.header(of: bits) }
  }

  @Test(arguments: [
    "", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (4,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [4]}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'x': 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} + 1",
    "__import__('os').system('id')",
  ])
  func `rejects a malformed header`(literal: String) {
    reject(.corrupt, "damaged numpy header", literal)
  }

  @Test func `rejects data that is not exactly the array`() {
    reject(.truncated, "needs", NumpyFixture.literal("<f4", "(5,)"))
    reject(
      .corrupt, "holds 16 bytes of data where its shape needs 12",
      NumpyFixture.literal("<f4", "(3,)"))
    reject(.limitExceeded, "larger", NumpyFixture.literal("<f4", "(4611686018427387904, 4)"))
    reject(
      .limitExceeded, "larger",
      NumpyFixture.literal("<f4", "(4611686018427387904, 4)", fortran: true))
    expectError(.unsupported, "npy version 9.0") {
      _ = try load(NumpyFixture.file("{}", version: 9))
    }
    expectError(.limitExceeded, "header of 70000 bytes") {
      _ = try load(NumpyFixture.file(String(repeating: " ", count: 70_000), version: 2))
    }
  }

  @Test func `rejects archives that hold other things or bombs`() {
    func open(_ entries: [ZipFixture.Entry]) throws {
      _ = try NumpyArchive.open(FileBytes(ZipFixture(entries).bytes, name: "a.npz"))
    }
    expectError(.notThisFormat, "it has 'x.txt'") { try open([.init("x.txt", [])]) }
    expectError(.notThisFormat, "not a numpy array (x.npy)") { try open([.init("x.npy", [1])]) }
    expectError(.notThisFormat, "a numpy archive was expected") {
      _ = try NumpyArchive.open(FileBytes(NumpyFixture.small, name: "a"))
    }
    var bomb = ZipFixture.Entry("x.npy", NumpyFixture.small)
    bomb.isDeflated = true
    bomb.size = 1 << 31
    bomb.compressedSize = 1 << 21
    expectError(.corrupt) { try open([bomb]) }
  }
}
