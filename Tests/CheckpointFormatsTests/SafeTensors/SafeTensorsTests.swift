import OrderedCollections
import TensorCore
import Testing

@testable import CheckpointFormats

enum SafeTensorsFixture {
  static func file(_ header: String, _ data: [UInt8] = floats([1, 2, 3, 4])) -> [UInt8] {
    Pickle.littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + data
  }

  static let small = file(
    #"{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#
  )
}

@Suite struct SafeTensorsTests {
  private func open(_ header: String, _ data: [UInt8] = floats([1, 2, 3, 4])) throws
    -> SafeTensorsFile
  {
    try SafeTensorsFile.open(FileBytes(SafeTensorsFixture.file(header, data), name: "f"))
  }

  private func reject(
    _ code: CheckpointError.Code, _ text: String, _ header: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(code, text, sourceLocation: sourceLocation) { _ = try open(header) }
  }

  private func entry(_ name: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
    #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
  }

  @Test func `reads tensors, metadata, escapes and padding`() throws {
    let file = try SafeTensorsFile.open(FileBytes(SafeTensorsFixture.small, name: "f"))
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.tensors["a.weight"]?.load().floatArray == [1, 2, 3, 4])
    let odd = try open(
      #"{"\u00e9\ud83d\ude00\n" : {"shape":[ ],"data_offsets":[8,12],"dtype":"F32"}, "#
        + #""b":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},"#
        + #""e":{"dtype":"F32","shape":[0],"data_offsets":[12,12]},"#
        + #""c":{"dtype":"U8","shape":[4],"data_offsets":[12,16]}}    "#)
    #expect(Array(odd.tensors.keys) == ["é😀\n", "b", "e", "c"])
    #expect(try odd.tensors["é😀\n"]?.load().floatArray == [3])
    #expect(odd.tensors["b"]?.elementType == .int32)
  }

  @Test func `rejects tensors that overlap, leave gaps or reach past the end`() {
    reject(
      .corrupt, "tensors 'a' and 'b' share bytes 0 to 16",
      "{\(entry("a", "[4]", 0, 16)),\(entry("b", "[4]", 0, 16))}")
    reject(.corrupt, "4 bytes before 'a' that are no tensor's", "{\(entry("a", "[3]", 4, 16))}")
    reject(.corrupt, "4 bytes after its last tensor", "{\(entry("a", "[3]", 0, 12))}")
    reject(.corrupt, "ends before it starts", "{\(entry("a", "[3]", 12, 0))}")
    reject(.truncated, "needs 20 bytes of tensors and has 16", "{\(entry("a", "[5]", 0, 20))}")
  }

  @Test func `rejects shapes that differ from the bytes and types it does not read`() {
    reject(.corrupt, "16 bytes where its shape needs 12 (a)", "{\(entry("a", "[3]", 0, 16))}")
    reject(.truncated, "needs 20 bytes", "{\(entry("a", "[5]", 0, 16))}")
    reject(.limitExceeded, "larger than", "{\(entry("a", "[4611686018427387904,4]", 0, 16))}")
    reject(
      .unsupported, "type 'F8_E4M3' (a)",
      #"{"a":{"dtype":"F8_E4M3","shape":[16],"data_offsets":[0,16]}}"#)
  }

  @Test(arguments: [
    (
      "two tensors named 'a'",
      #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
    ),
    ("unknown or repeated key 'x'", #"{"a":{"x":1}}"#),
    ("unknown or repeated key 'dtype'", #"{"a":{"dtype":"F32","dtype":"F32"}}"#),
    ("lacks the type", #"{"a":{"dtype":"F32","shape":[4]}}"#),
    ("lacks the type", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0]}}"#),
    ("not a whole number", #"{"a":{"shape":[-1]}}"#),
    ("not a whole number", #"{"a":{"shape":[01]}}"#),
    ("not a whole number", #"{"a":{"shape":[99999999999999999999]}}"#),
    ("lacks a ']'", #"{"a":{"shape":[1.5]}}"#), ("lacks a '{'", #"{"a":[[[[[[[[]]]]]]]]}"#),
    ("lacks a '}'", #"{"a":{"shape":[1]"#), ("text after its end", "{}x"),
    ("repeats 'k'", #"{"__metadata__":{"k":"v","k":"v"}}"#),
    ("lacks a '\"'", #"{"__metadata__":{"k":1}}"#),
    ("half a character", #"{"\ud800":{}}"#), ("damaged escape", #"{"\u+123":{}}"#),
    ("unknown escape", #"{"\q":{}}"#), ("control character", "{\"\n\":{}}"),
  ])
  func `rejects a malformed header`(text: String, header: String) {
    reject(.corrupt, text, header)
  }

  @Test func `rejects header lengths that cannot be`() {
    func reject(_ code: CheckpointError.Code, _ count: UInt64) {
      expectError(code) {
        let bytes = Pickle.littleEndian(count) + Array("{}".utf8)
        _ = try SafeTensorsFile.open(FileBytes(bytes, name: "f"))
      }
    }
    reject(.truncated, 3)
    reject(.limitExceeded, 100_000_001)
    reject(.notThisFormat, .max)
    reject(.notThisFormat, 0)
  }
}
