import GraphIR
import TensorCore
import Testing

@testable import ModelFile

/// A file that lies although all its checksums agree.
struct Forgery: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var code: ModelFileError.Code
  var edit: @Sendable (inout ForgedFile) -> Void

  init(
    _ name: String, _ code: ModelFileError.Code = .corrupt,
    _ edit: @escaping @Sendable (inout ForgedFile) -> Void
  ) {
    testDescription = name
    self.code = code
    self.edit = edit
  }
}

/// The parts of a file, assembled with right checksums.
struct ForgedFile {
  var manifest: Manifest
  /// Used instead of `manifest` when set.
  var manifestBytes: [UInt8]?
  var editHeader: (inout FileHeader) -> Void = { _ in }
  var data: [UInt8]
  var padding: UInt8 = 0

  init(_ model: StoredModel) {
    let (manifest, tensors) = Manifest.describing(model)
    self.manifest = manifest
    data = []
    for (entry, tensor) in zip(manifest.tensors, tensors) {
      data += [UInt8](repeating: 0, count: Int(entry.offset) - data.count)
      data += unsafe tensor.bytes.withUnsafeBytes { unsafe Array($0) }
    }
  }

  var bytes: [UInt8] {
    let manifestBytes = manifestBytes ?? manifest.encoded()
    var header = FileHeader(manifest: manifestBytes, dataBytes: data.count)
    let padding = [UInt8](
      repeating: padding, count: Int(header.dataOffset) - 128 - manifestBytes.count)
    editHeader(&header)
    return header.encoded + manifestBytes + padding + data
  }
}

@Suite struct ForgeryTests {
  let folder = TemporaryFolder()

  @Test(arguments: headerForgeries + tensorForgeries + graphForgeries + sizeForgeries)
  func `rejects a forged file`(_ forgery: Forgery) throws {
    var file = ForgedFile(try sampleModel())
    forgery.edit(&file)
    try store(file.bytes, at: folder.file())
    let error = refusal(folder.file())
    #expect(error?.code == forgery.code, "\(error?.description ?? "accepted")")
  }

  @Test func `reads a file of a newer minor version`() throws {
    let model = try sampleModel()
    var file = ForgedFile(model)
    file.manifestBytes = file.manifest.encoded() + [0xFA, 1, 0]
    file.editHeader = {
      $0.minor = 9
      $0.reserved[7] = 1
    }
    try store(file.bytes, at: folder.file())
    #expect(try ModelFileReader.read(folder.file()) == model)
  }
}

private let headerForgeries = [
  Forgery("major version 2", .unsupportedVersion) { $0.editHeader = { $0.major = 2 } },
  Forgery("major version 0", .unsupportedVersion) { $0.editHeader = { $0.major = 0 } },
  Forgery("reserved bytes") { $0.editHeader = { $0.reserved[31] = 1 } },
  Forgery("unknown flags", .unsupportedVersion) { $0.editHeader = { $0.flags = 1 << 31 } },
  Forgery("header length") { $0.editHeader = { $0.headerBytes = 256 } },
  Forgery("manifest offset") { $0.editHeader = { $0.manifestOffset = 64 } },
  Forgery("file length too large", .truncated) { $0.editHeader = { $0.fileBytes = .max } },
  Forgery("file length too small") { $0.editHeader = { $0.fileBytes -= 1 } },
  Forgery("manifest length", .limitExceeded) { $0.editHeader = { $0.manifestBytes = .max } },
  Forgery("manifest past the end") { $0.editHeader = { $0.manifestBytes = 10 << 20 } },
  Forgery("data offset") { $0.editHeader = { $0.dataOffset = 8192 } },
  Forgery("data offset overflow") { $0.editHeader = { $0.dataOffset = .max - 4095 } },
  Forgery("data length") { $0.editHeader = { $0.dataBytes = .max } },
  Forgery("padding behind the manifest") { $0.padding = 1 },
  Forgery("schema version", .unsupportedVersion) { $0.manifest.schemaVersion = 2 },
  Forgery("a manifest that is no protobuf") { $0.manifestBytes = Array("hello".utf8) },
  Forgery("an empty manifest") { $0.manifestBytes = [] },
  Forgery("a name that is not UTF-8") {
    $0.manifestBytes = $0.manifest.encoded() + [0x42, 1, 0xFF]
  },
  Forgery("a tensor digest of 2 bytes") {
    $0.manifestBytes =
      $0.manifest.encoded() + [0x5A, 12, 10, 0, 18, 0, 32, 0, 40, 0, 50, 2, 0, 0]
  },
]

private let tensorForgeries = [
  Forgery("overlapping tensors") { $0.manifest.tensors[1].offset = 192 },
  Forgery("an unaligned tensor") { $0.manifest.tensors[1].offset += 8 },
  Forgery("a hole") {
    for index in 1...3 { $0.manifest.tensors[index].offset += 64 }
    $0.data.insert(contentsOf: [UInt8](repeating: 0, count: 64), at: 256)
  },
  Forgery("padding between tensors") { $0.data[255] = 1 },
  Forgery("data behind the last tensor") { $0.data.append(0) },
  Forgery("data that ends early") { $0.data.removeLast() },
  Forgery("an offset past the end") { $0.manifest.tensors[3].offset = .max - 63 },
  Forgery("a length overflow") { $0.manifest.tensors[3].length = .max },
  Forgery("a wrong length") { $0.manifest.tensors[0].length -= 4 },
  Forgery("a dimension overflow") { $0.manifest.tensors[0].dimensions = [1 << 62, 1 << 62] },
  Forgery("a dimension product of zero by overflow") {
    $0.manifest.tensors[3].dimensions = [1 << 30, 1 << 30, 16]
  },
  Forgery("a huge dimension beside a zero") { $0.manifest.tensors[3].dimensions = [0, .max] },
  Forgery("nine dimensions") { $0.manifest.tensors[3].dimensions = [0, 1, 1, 1, 1, 1, 1, 1, 1] },
  Forgery("an unknown element type") { $0.manifest.tensors[2].elementType = "f8" },
  Forgery("a tensor stored twice") { $0.manifest.tensors[1].name = "enc.weight" },
  Forgery("a wrong digest") {
    $0.manifest.tensors[0].digest = $0.manifest.tensors[1].digest
  },
  Forgery("a tensor without a constant") { $0.manifest.constants.remove(at: 1) },
]

private let graphForgeries = [
  Forgery("two constants of one name") { $0.manifest.constants[4].name = "step" },
  Forgery("two inputs of one name") { $0.manifest.inputs[1].aliases = ["image"] },
  Forgery("a tensor index out of range") { $0.manifest.constants[4].tensor = 4 },
  Forgery("a value index out of range") { $0.manifest.nodes[0].inputs = [99] },
  Forgery("a value identifier out of range") { $0.manifest.nodes[3].results = [.max] },
  Forgery("a value made twice") { $0.manifest.nodes[1].results = [0] },
  Forgery("an output that nothing makes") { $0.manifest.outputs[0].value = 1000 },
  Forgery("no outputs") { $0.manifest.outputs = [] },
  Forgery("nodes in another order") { $0.manifest.nodes.swapAt(0, 1) },
  Forgery("a cycle") { $0.manifest.nodes[0].inputs = $0.manifest.nodes[2].results },
  Forgery("a node that reads itself") {
    $0.manifest.nodes[0].inputs = $0.manifest.nodes[0].results
  },
  Forgery("an unknown operation") { $0.manifest.nodes[2].mnemonic = "exec\u{1B}[2J" },
  Forgery("a missing attribute") { $0.manifest.nodes[0].attributes.removeLast() },
  Forgery("an extra attribute") {
    $0.manifest.nodes[2].attributes.append(.init(name: "x", value: .integer(0)))
  },
  Forgery("an attribute twice") {
    $0.manifest.nodes[2].attributes.append($0.manifest.nodes[2].attributes[0])
  },
  Forgery("an attribute of another kind") {
    $0.manifest.nodes[2].attributes[0].value = .string("0.1")
  },
  Forgery("groups that overflow") {
    $0.manifest.nodes[1].attributes[1].value = .integer(.max)
  },
  Forgery("a border out of range") {
    $0.manifest.nodes[0].attributes[0].value = .integers([1, 1, 1, .min])
  },
  Forgery("too few inputs") { $0.manifest.nodes[1].inputs.removeLast() },
  Forgery("too many results") { $0.manifest.nodes[0].results.append(500) },
  Forgery("an input of an unknown element type") { $0.manifest.inputs[0].elementType = "" },
  Forgery("an input of an unknown layout") { $0.manifest.inputs[0].layout = "nwhc" },
  Forgery("an input with a zero axis") { $0.manifest.inputs[0].dimensions[3] = .fixed(0) },
  Forgery("an input with a huge axis") { $0.manifest.inputs[0].dimensions[3] = .fixed(.max) },
  Forgery("a size with two multiples") {
    $0.manifest.inputs[1].dimensions[0] =
      .symbolic("H", multiple: 4, scale: 1, offset: 0, divisor: 1)
  },
  Forgery("a size divided by zero") {
    $0.manifest.inputs[1].dimensions[0] =
      .symbolic("H", multiple: 2, scale: 1, offset: 0, divisor: 0)
  },
  Forgery("a size multiple of zero") {
    $0.manifest.inputs[1].dimensions[0] =
      .symbolic("Z", multiple: 0, scale: 1, offset: 0, divisor: 1)
  },
  Forgery("a size with huge numbers") {
    $0.manifest.inputs[1].dimensions[0] =
      .symbolic("Z", multiple: 1, scale: .max, offset: .min, divisor: 1)
  },
  Forgery("a folder in the source name") {
    $0.manifest.provenance.source?.fileName = "/etc/passwd"
  },
]

private let sizeForgeries = [
  Forgery("60 MB of empty messages", .limitExceeded) {
    $0.manifestBytes = emptyMessages(30 << 20)
  },
  Forgery("16 MB of empty messages", .limitExceeded) {
    $0.manifestBytes = emptyMessages(8 << 20)
  },
  Forgery("200000 notes", .limitExceeded) {
    $0.manifestBytes = $0.manifest.encoded() + repeatElement([0x42, 0], count: 200_000).joined()
  },
  Forgery("a long name", .limitExceeded) {
    $0.manifest.nodes[0].label = String(repeating: "x", count: 5000)
  },
]

/// At least `count` empty settings, two bytes each.
private func emptyMessages(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = [0x4A, 0]
  while bytes.count < 2 * count { bytes += bytes }
  return bytes
}
