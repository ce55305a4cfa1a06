import GraphIR
import TensorCore
import Testing

@testable import ModelFile

@Suite struct RoundTripTests {
  let folder = TemporaryFolder()

  @Test func `reads back the model that was written`() throws {
    let model = try sampleModel()
    try ModelFileWriter.write(model, to: folder.file(), replacing: false)
    let read = try ModelFileReader.read(folder.file())
    #expect(read == model)
    #expect(GraphPrinter.text(read.graph.graph) == GraphPrinter.text(model.graph.graph))
    #expect(try ModelFileReader.read(folder.file(), verifyingTensors: false) == model)
    #expect(folder.names == ["model.pcm"])
  }

  @Test func `writes equal models as equal bytes`() throws {
    try ModelFileWriter.write(try sampleModel(), to: folder.file("a"), replacing: false)
    try ModelFileWriter.write(try sampleModel(), to: folder.file("b"), replacing: false)
    #expect(try contents(folder.file("a")) == contents(folder.file("b")))
  }

  @Test func `stores equal tensors once`() throws {
    let (manifest, tensors) = Manifest.describing(try sampleModel())
    #expect(tensors.count == 4)
    #expect(manifest.constants.map(\.tensor) == [0, 1, 2, 3, 0])
  }

  @Test func `places sections where the format says`() throws {
    try ModelFileWriter.write(try sampleModel(), to: folder.file(), replacing: false)
    let bytes = try contents(folder.file())
    let header = try FileHeader(decoding: Array(bytes[..<128]))
    #expect(Array(bytes[..<16]) == [0x89, 80, 67, 77, 13, 10, 26, 10, 1, 0, 0, 0, 128, 0, 0, 0])
    #expect(header.dataOffset == 4096)
    #expect(Int(header.fileBytes) == bytes.count)
    #expect(bytes.count == 4096 + 384)
  }

  @Test func `reads and writes a model without weights`() throws {
    var graph = Graph(name: "")
    let input = graph.addInput("x", ValueType(.float32, [], layout: .plain))
    graph.addOutput("y", input)
    let model = StoredModel(
      graph: try VerifiedGraph(graph),
      provenance: Provenance(toolVersion: "1", family: "", title: ""))
    try ModelFileWriter.write(model, to: folder.file(), replacing: false)
    #expect(try ModelFileReader.read(folder.file()) == model)
  }

  @Test func `computes known checksums`() throws {
    #expect(crc32c("123456789".utf8) == 0xE306_9283)
    try store("abc".utf8, at: folder.file())
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try SHA256Digest(ofFile: folder.file()).description == known)
    #expect(SHA256Digest(of: Tensor([], shape: [0]).bytes).description.hasPrefix("e3b0c44298fc"))
    let source = try Provenance.Source(describing: folder.file(), format: "torch")
    #expect(source.fileName == "model.pcm")
    #expect(source.byteCount == 3)
    #expect(source.digest.description == known)
  }
}
