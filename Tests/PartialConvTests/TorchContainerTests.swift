import Foundation
import GraphReference
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

/// One network, `pytorch/naoto_unet.pth`, in every container that PyTorch writes.
@Suite struct TorchContainerTests {
  @Test(arguments: TorchContainer.all)
  func `agrees with PyTorch as imported and as converted`(_ container: TorchContainer) throws {
    let arrays = try Dictionary(
      ArrayFile.readArchive(PackageFiles.fixture("pytorch/naoto_unet.npz"))
        .map { ($0.name, $0.tensor) }
    ) { $1 }
    let inputs = arrays.filter { ["image", "mask"].contains($0.key) }
    let imported = try ImporterRegistry.importModel(container.path, ImportRequest())
    #expect(imported.network == "naoto0804")
    #expect(imported.sourceFormat == container.format)
    if let note = container.note {
      #expect(imported.notes.contains(note), "\(imported.notes)")
    } else {
      #expect(imported.notes.isEmpty, "\(imported.notes)")
    }
    try expectAgreement(try Interpreter(imported.graph).run(inputs), arrays)

    let folder = try TemporaryFolder()
    let path = folder.path("model.pcm")
    _ = try ModelConversion.convert(container.path, to: path, ImportRequest(), replacing: false)
    try expectAgreement(try Model.load(path).makeSession().run(inputs), arrays)
  }

  private func expectAgreement(
    _ outputs: [(name: String, tensor: Tensor)], _ arrays: [String: Tensor]
  ) throws {
    #expect(outputs.map(\.name) == ["output", "output_mask"])
    for (name, tensor) in outputs {
      #expect(relativeDifference(tensor, try #require(arrays[name])) <= 1e-5, "\(name)")
    }
  }

  @Test func `rejects the format of before 0_2 with advice`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("old.pth")
    var header = [UInt8](repeating: 0, count: 512)
    header.replaceSubrange(0..<8, with: Array("storages".utf8))
    header.replaceSubrange(257..<262, with: Array("ustar".utf8))
    try Data(header).write(to: URL(filePath: path))
    let error = #expect(throws: ImportError.self) {
      try ImporterRegistry.importModel(path, ImportRequest())
    }
    #expect(error?.message.contains("save it again with torch.save") == true)
  }
}

/// A file of `Fixtures/torch_containers` and what importing it must say.
struct TorchContainer: Sendable, CustomTestStringConvertible {
  let file: String
  let format: String
  let note: String?

  init(_ file: String, format: String = "PyTorch", note: String?) {
    self.file = file
    self.format = format
    self.note = note
  }

  static let wholeObject =
    "this file stores a whole Python object; its weights were read, its code was not run"

  static let all = [
    TorchContainer(
      "exported.pt2", format: "torch.export",
      note: "this is an exported program: its weights were read, its graph was not"),
    TorchContainer(
      "traced.pt",
      note: "this is a TorchScript program: its weights were read, its code was not run"),
    TorchContainer("whole_module.pth", note: wholeObject),
    TorchContainer("whole_module_legacy.pth", note: wholeObject),
    TorchContainer("protocol4.pth", note: nil),
    TorchContainer("protocol5.pth", note: nil),
    TorchContainer("deflated.pth", note: nil),
  ]

  var path: String { PackageFiles.fixture("torch_containers/\(file)") }
  var testDescription: String { file }
}
