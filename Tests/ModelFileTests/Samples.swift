import FileAccess
import Glibc
import GraphIR
import TensorCore
import Testing

@testable import ModelFile

/// A model with every kind of attribute, symbolic and fixed axes, several element types and a
/// tensor that two constants share.
func sampleModel() throws -> StoredModel {
  var graph = Graph(name: "sample")
  let image = graph.addInput(
    "image",
    .image(.symbol(Symbol("N")), 3, .symbol(Symbol("H", multiple: 2)), .fixed(16)),
    aliases: ["inputs_img", "Bild ⌘"])
  let size = Dimension.symbolic(Symbol("H", multiple: 2), scale: 3, offset: -1, divisor: 4)
  _ = graph.addInput("unused", ValueType(.int64, [size, .fixed(5)], layout: .plain))
  let weights = graph.addConstant(
    "enc.weight",
    Tensor((0..<54).map { Float($0) - 0.5 }, shape: [2, 3, 3, 3]))
  _ = graph.addConstant("step", unsafe Tensor(elementType: .int64, shape: []) { unsafe $0[0] = 7 })
  _ = graph.addConstant(
    "half", unsafe Tensor(elementType: .float16, shape: [3]) { unsafe $0[5] = 0x7E })
  _ = graph.addConstant("empty", Tensor([], shape: [2, 0]))
  _ = graph.addConstant("again", graph.constants[0].tensor)
  let padded = try graph.apply(Pad(mode: .circular, border: [1, 1, 1, 1]), image)
  let features = try graph.apply(
    Convolution(stride: [2, 2]), padded, weights, label: "enc \"1\" ü")
  let result = try graph.apply(LeakyReLU(slope: 0.1), features)
  graph.addOutput("result", try graph.apply(ChangeLayout(to: .nhwc), result))
  graph.addOutput("features", features)
  return StoredModel(
    graph: try VerifiedGraph(graph), provenance: try sampleProvenance(),
    processing: [.init("image.range", "0..1"), .init("mask.valid", "1")])
}

private func sampleProvenance() throws -> Provenance {
  let digest = try #require(SHA256Digest(bytes: Array(0..<32)))
  return Provenance(
    toolVersion: "0.1.0",
    source: .init(format: "torch", fileName: "unet.pth", byteCount: 1 << 40, digest: digest),
    family: "nvidia", title: "A sample", options: [.init("dialect", "auto")],
    passes: [.init(name: "fold-batch-norm", exactness: "reassociates", rewriteCount: 3)],
    notes: ["left out: optimizer", ""])
}

/// An empty folder that is removed with everything in it.
final class TemporaryFolder {
  let path = "/tmp/model-file-tests-\(UInt64.random(in: .min ... .max))"

  init() { unsafe mkdir(path, 0o700) }

  deinit {
    for name in names { unsafe unlink("\(path)/\(name)") }
    unsafe rmdir(path)
  }

  func file(_ name: String = "model.pcm") -> String { "\(path)/\(name)" }

  /// The names in the folder, but for `.` and `..`.
  var names: [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

func contents(_ path: String) throws -> [UInt8] {
  try InputFile(path: path).contents()
}

/// Writes `bytes` over the file at `path`.
func store(_ bytes: some Sequence<UInt8>, at path: String) throws {
  let bytes = Array(bytes)
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
  try #require(written == bytes.count)
}

/// Why the reader refuses the file at `path`; nil when it takes it.
func refusal(_ path: String) -> ModelFileError? {
  do throws(ModelFileError) {
    _ = try ModelFileReader.read(path)
    return nil
  } catch {
    return error
  }
}
