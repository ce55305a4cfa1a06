import Foundation
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct ConversionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func convert(
    _ input: String, to name: String, _ request: ImportRequest = ImportRequest(),
    replacing: Bool = false
  ) throws -> ConversionReport {
    try ModelConversion.convert(
      input, to: folder.path(name), request, replacing: replacing)
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: folder.url.appending(path: name))
  }

  @Test(arguments: [
    "keras/unet_weights.h5", "keras/unet_model_train_bn.h5", "pytorch/naoto_unet.pth",
    "pytorch/naoto_unet_legacy.pth", "pytorch/pdresnet18.pth.tar", "crai/first_bn.pth",
  ])
  func `gives the same bytes twice`(_ name: String) throws {
    let input = PackageFiles.fixture(name)
    _ = try convert(input, to: "first.pcm")
    _ = try convert(input, to: "second.pcm")
    #expect(try contents("first.pcm") == contents("second.pcm"))
    #expect(folder.contents == ["first.pcm", "second.pcm"])
  }

  @Test func `reports the network, the reason, the options and the passes`() throws {
    var stages: [ModelConversion.Stage] = []
    let report = try ModelConversion.convert(
      PackageFiles.fixture("crai/global_padding.pth"), to: folder.path("model.pcm"),
      ImportRequest(settings: ["padding": "global"]), replacing: false
    ) { stage, _ in stages.append(stage) }
    #expect(stages == [.reading, .optimising, .writing])
    #expect(report.network == "climatereconstruction")
    #expect(report.reason.contains("encoder.0.partial_conv.input_conv.weight"))
    #expect(report.options.contains { $0 == ("padding", "global") })
    #expect(report.options.contains { $0 == ("batch-norm", "moving") })
    #expect(report.passes.contains { $0.name == "fuse-partial-convolution" })
    let model = try Model.load(folder.path("model.pcm"))
    #expect(model.network == report.network)
    #expect(model.title == report.title)
    #expect(model.processing == nil)
    #expect(model.inputs.map(\.name) == ["image", "mask"])
    #expect(model.outputs.map(\.name) == ["output", "output_mask"])
  }

  @Test func `keeps a file that exists unless it may be replaced`() throws {
    let input = PackageFiles.fixture("crai/first_bn.pth")
    try folder.write(Data("old".utf8), as: "model.pcm")
    let error = #expect(throws: PartialConvError.self) { try convert(input, to: "model.pcm") }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("--force") == true)
    #expect(try contents("model.pcm") == Data("old".utf8))
    _ = try convert(input, to: "model.pcm", replacing: true)
    #expect(try contents("model.pcm").count > 1000)
  }

  @Test(arguments: [false, true])
  func `keeps the input when it is named as the output`(_ isReplacing: Bool) throws {
    let bytes = try Data(contentsOf: URL(filePath: PackageFiles.fixture("crai/first_bn.pth")))
    let input = try folder.write(bytes, as: "model.pth")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.pcm"), withDestinationPath: input)
    for output in ["model.pth", "link.pcm"] {
      let error = #expect(throws: PartialConvError.self) {
        try convert(input, to: output, replacing: isReplacing)
      }
      #expect(error?.kind == .usage)
    }
    #expect(try contents("model.pth") == bytes)
  }

  @Test func `rejects a folder that is not there and leaves nothing`() throws {
    let error = #expect(throws: PartialConvError.self) {
      try convert(PackageFiles.fixture("crai/first_bn.pth"), to: "missing/model.pcm")
    }
    #expect(error?.kind == .unreadable)
    #expect(folder.contents.isEmpty)
  }

  @Test func `rejects a model file with one changed byte`() throws {
    _ = try convert(PackageFiles.fixture("crai/first_bn.pth"), to: "model.pcm")
    var bytes = try contents("model.pcm")
    for position in [0, 40, 4096, bytes.count - 1] {
      bytes[position] ^= 1
      try folder.write(bytes, as: "damaged.pcm")
      bytes[position] ^= 1
      let error = #expect(throws: PartialConvError.self, "byte \(position)") {
        try Model.load(folder.path("damaged.pcm"), verifyingTensors: true)
      }
      #expect(error?.kind == .unreadable || error?.kind == .unsupported, "\(position)")
    }
  }

  @Test(
    .enabled(if: PackageFiles.hasReferences, "the reference checkpoints are not here"))
  func `fills the missing months of the trained climate network`() throws {
    let row = AgreementCase(
      checkpoint: "crai/20crtasgn72.pth", arrays: "crai/20crtasgn72.npz",
      settings: ["padding": "global"], isReference: true)
    let arrays = try row.loadArrays()
    let mask = try #require(arrays["mask"]).floatArray
    let outputs = try row.convert().makeSession().run(arrays.inputs)
    let filled = outputs[0].tensor.floatArray
    let missing = mask.indices.filter { mask[$0] == 0 }
    #expect(Double(missing.count) / Double(mask.count) > 0.5)
    #expect(missing.allSatisfy { filled[$0].isFinite && abs(filled[$0]) < 20 })
    #expect(Set(missing.map { filled[$0] }).count > missing.count / 2)
    try row.expectAgreement(outputs, with: arrays)
  }
}
