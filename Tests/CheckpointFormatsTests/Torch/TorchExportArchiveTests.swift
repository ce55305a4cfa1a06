import OrderedCollections
import TensorCore
import Testing

@testable import CheckpointFormats

@Suite struct TorchExportArchiveTests {
  private func open(_ fixture: TorchExportFixture) throws -> TorchExportArchive {
    try TorchExportArchive.open(FileBytes(fixture.zip.bytes, name: "m.pt2"))
  }

  private func reject(
    _ code: CheckpointError.Code, _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout TorchExportFixture) -> Void
  ) {
    var fixture = TorchExportFixture()
    change(&fixture)
    expectError(code, text, sourceLocation: sourceLocation) { _ = try open(fixture) }
  }

  @Test func `reads the weights of an exported program and nothing else`() throws {
    let archive = try open(TorchExportFixture())
    #expect(Array(archive.tensors.keys) == ["a.weight"])
    #expect(try archive.tensors["a.weight"]?.load().floatArray == [1, 2, 3, 4])
    #expect(archive.notes.contains { $0.contains("its graph was not") })
    var deflated = TorchExportFixture().zip
    for index in deflated.entries.indices { deflated.entries[index].isDeflated = true }
    let again = try TorchExportArchive.open(FileBytes(deflated.bytes, name: "m.pt2"))
    #expect(try again.tensors["a.weight"]?.load().floatArray == [1, 2, 3, 4])
  }

  @Test func `reads views of a shared storage and the bytes of a big-endian file`() throws {
    var fixture = TorchExportFixture()
    fixture.strides = [1, 2]
    #expect(try open(fixture).tensors["a.weight"]?.load().floatArray == [1, 3, 2, 4])
    fixture.sizes = [2]
    fixture.strides = [1]
    fixture.offset = "{\"as_int\": 2}"
    #expect(try open(fixture).tensors["a.weight"]?.load().floatArray == [3, 4])
    var swapped = TorchExportFixture()
    swapped.byteOrder = "big"
    swapped.bytes = [1, 2, 3, 4].flatMap { Pickle.littleEndian(Float($0).bitPattern.byteSwapped) }
    #expect(try open(swapped).tensors["a.weight"]?.load().floatArray == [1, 2, 3, 4])
  }

  @Test(arguments: [
    (1, ElementType.uint8), (2, .int8), (3, .int16), (4, .int32), (5, .int64), (6, .float16),
    (7, .float32), (8, .float64), (12, .bool), (13, .bfloat16),
  ])
  func `reads every element type`(dtype: Int, type: ElementType) throws {
    var fixture = TorchExportFixture()
    fixture.dtype = dtype
    fixture.bytes = (0..<type.byteCount * 4).map { UInt8($0 & 1) }
    let tensor = try #require(try open(fixture).tensors["a.weight"]?.load())
    #expect(tensor.elementType == type)
    #expect(unsafe tensor.bytes.withUnsafeBytes { unsafe Array($0) } == fixture.bytes)
  }

  @Test func `rejects weights stored as pickles`() {
    reject(.refused, "nothing was run (a.weight)") { $0.isPickled = "true" }
    reject(.refused, "pickle") {
      $0.isPickled = "true"
      $0.tensorMeta = "null"
    }
  }

  @Test func `rejects tensors that leave their bytes`() {
    reject(.truncated, "needs 16 bytes of storage, which has 12") { $0.bytes.removeLast(4) }
    reject(.truncated, "needs 20 bytes") { $0.offset = "{\"as_int\": 1}" }
    reject(.truncated, "needs more") { $0.strides = [1 << 61, 1] }
    reject(.corrupt, "starts at element") { $0.offset = "{\"as_int\": \(Int.max)}" }
    reject(.limitExceeded, "larger than its 16") { $0.sizes = [1 << 40, 1 << 40] }
    reject(.limitExceeded, "axes") {
      $0.sizes = [Int](repeating: 1, count: 100)
      $0.strides = $0.sizes
    }
    reject(.corrupt, "2 sizes and 1 strides") { $0.strides = [1] }
    reject(.limitExceeded, "has tensors of more than") {
      $0.sizes = [1 << 22]
      $0.strides = [0]
      $0.names = (0..<40).map { "t\($0).weight" }
    }
  }

  @Test func `rejects numbers that are negative, formulas or too large`() {
    for number in ["-1", "99999999999999999999", "\"1\"", "null", "01"] {
      reject(.corrupt, "whole number") { $0.offset = "{\"as_int\": \(number)}" }
    }
    reject(.corrupt, "lacks a '}'") { $0.offset = "{\"as_int\": 1.5}" }
    reject(.corrupt, "lacks 'as_int'") { $0.offset = "{\"as_expr\": {\"expr_str\": \"s0\"}}" }
    reject(.corrupt, "repeats 'as_int'") { $0.offset = "{\"as_int\": 0, \"as_int\": 1}" }
  }

  @Test func `rejects types, layouts and versions that are not read`() {
    reject(.unsupported, "elements of type 10") { $0.dtype = 10 }
    reject(.unsupported, "elements of type 0") { $0.dtype = 0 }
    reject(.unsupported, "layout 2") { $0.layout = 2 }
    reject(.unsupported, "archive_version '1'") { $0.version = "1" }
    reject(.unsupported, "archive_format 'zzz'") { $0.format = "zzz" }
    reject(.unsupported, "byte order 'middle'") { $0.byteOrder = "middle" }
  }

  @Test func `rejects archives without one description or one weight`() {
    reject(.missing, "no entry 'data/weights/../weight_0'") { $0.path = "../weight_0" }
    reject(.missing, "torch.save") { $0.configurationName = "other.json" }
    reject(.missing, "unpack m/data/weights/model.pt") {
      $0.configurationName = "other.json"
      $0.extraEntries = [.init("m/data/weights/model.pt", [])]
    }
    reject(.unsupported, "2 models") {
      $0.extraEntries = [.init("m/data/weights/b_weights_config.json", [])]
    }
    reject(.corrupt, "two root folders") { $0.extraEntries = [.init("n/x", [])] }
    expectError(.notThisFormat, "zip archive, where a torch.export archive") {
      _ = try TorchExportArchive.open(TorchFixture.small.file)
    }
  }

  @Test func `rejects a malformed description`() {
    reject(.corrupt, "two tensors named 'a'") { $0.names = ["a", "a"] }
    reject(.corrupt, "lacks 'dtype'") { $0.tensorMeta = "{}" }
    reject(.corrupt, "does not describe") { $0.tensorMeta = "null" }
    reject(.corrupt, "true or false") { $0.isPickled = "0" }
    reject(.limitExceeded, "name of 5000 bytes") {
      $0.names = [String(repeating: "n", count: 5000)]
    }
    let nested = String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000)
    for (text, json) in [
      ("lacks a '{'", ""), ("lacks 'config'", "{}"), ("after its end", "{\"config\": {}} x"),
      ("repeats 'config'", "{\"config\": {}, \"config\": {}}"),
      ("more than 64 deep", "{\"x\": \(nested), \"config\": {}}"),
      ("lacks a value", "{\"x\": }"), ("lacks a '}'", "{\"x\": NaN"),
    ] {
      reject(.corrupt, text) { $0.configuration = json }
    }
    reject(.limitExceeded, "would unpack") {
      $0.configuration = String(repeating: " ", count: 4 << 20)
      $0.isConfigurationDeflated = true
    }
  }
}

/// A `.pt2` archive in memory: one storage, described under every name of `names`.
struct TorchExportFixture {
  var names = ["a.weight"]
  var path = "weight_0"
  var bytes = floats([1, 2, 3, 4])
  var isPickled = "false"
  var dtype = 7
  var layout = 7
  var sizes = [2, 2]
  var strides = [2, 1]
  var offset = "{\"as_int\": 0}"
  /// Stands for the whole description of the tensor.
  var tensorMeta: String?
  var configuration: String?
  var configurationName = "model_weights_config.json"
  var isConfigurationDeflated = false
  var format = "pt2"
  var version = "0"
  var byteOrder = "little"
  var extraEntries: [ZipFixture.Entry] = []

  private var description: String {
    func list(_ values: [Int]) -> String {
      "[" + values.map { "{\"as_int\": \($0)}" }.joined(separator: ", ") + "]"
    }
    return """
      {"dtype": \(dtype), "sizes": \(list(sizes)), "requires_grad": true,
      "device": {"type": "cpu", "index": null}, "strides": \(list(strides)),
      "storage_offset": \(offset), "layout": \(layout)}
      """
  }

  private var json: String {
    let weights = names.map {
      """
      "\($0)": {"path_name": "\(path)", "is_param": true, "use_pickle": \(isPickled),
      "tensor_meta": \(tensorMeta ?? description)}
      """
    }
    return "{\"config\": {\(weights.joined(separator: ", "))}}"
  }

  var zip: ZipFixture {
    var weights = ZipFixture.Entry(
      "m/data/weights/\(configurationName)", Array((configuration ?? json).utf8))
    weights.isDeflated = isConfigurationDeflated
    return ZipFixture(
      [
        .init("m/data/weights/weight_0", bytes), weights,
        .init("m/archive_format", Array(format.utf8)),
        .init("m/archive_version", Array(version.utf8)),
        .init("m/byteorder", Array(byteOrder.utf8)),
      ] + extraEntries)
  }
}
