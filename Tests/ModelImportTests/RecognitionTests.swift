import OrderedCollections
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

@Suite struct RecognitionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func importFixture(
    _ name: String, _ request: ImportRequest = ImportRequest()
  ) throws -> ImportedModel {
    try ImporterRegistry.importModel(PackageFiles.fixture(name), request)
  }

  @Test(arguments: [
    ("keras/unet_weights.h5", "pconv-keras", "'EncBN1/gamma'"),
    ("keras/unet_model_train_bn.h5", "pconv-keras", "'EncBN1/gamma'"),
    ("pytorch/naoto_unet.pth", "naoto0804", "'enc_1.conv.input_conv.weight'"),
    ("pytorch/naoto_unet_legacy.pth", "naoto0804", "'enc_1.conv.input_conv.weight'"),
    ("pytorch/pdresnet18.pth.tar", "nvidia-pdresnet", "architecture 'pdresnet18'"),
    ("pytorch/pdresnet50.pth.tar", "nvidia-pdresnet", "architecture 'pdresnet50'"),
    ("crai/first_bn.pth", "climatereconstruction", "'encoder.0.partial_conv.input_conv.weight'"),
  ])
  func `recognises a published network and says why`(
    _ fixture: String, _ network: String, _ reason: String
  ) throws {
    let model = try importFixture(fixture)
    #expect(model.network == network)
    #expect(model.reason.contains(reason), "\(model.reason)")
  }

  @Test func `takes the network that is asked for`() throws {
    let model = try importFixture("crai/first_bn.pth", ImportRequest(network: "crai"))
    #expect(model.network == "climatereconstruction")
    #expect(model.reason == "asked for by --network crai")
  }

  @Test func `reads width and depth off the tensors`() throws {
    let options = try importFixture("pytorch/naoto_unet.pth").options
    #expect(options.contains { $0 == ("levels", "7") })
    #expect(options.contains { $0 == ("channels", "3") })
  }

  @Test func `rejects a bare residual network and lists the candidates`() throws {
    var builder = try CheckpointBuilder(fixture: "pytorch/pdresnet18.pth.tar")
    builder.rename { $0.replacing("module.", with: "") }
    expectError(.ambiguous, "nvidia-pdresnet", "records none", "--network") {
      _ = try builder.importModel(in: folder)
    }
    builder.metadata = ["arch": "resnet18"]
    expectError(.ambiguous, "nvidia-pdresnet", "'resnet18'", "--network") {
      _ = try builder.importModel(in: folder)
    }
    builder.metadata = ["arch": "pdresnet18"]
    #expect(try builder.importModel(in: folder).network == "nvidia-pdresnet")
    builder.metadata = [:]
    let model = try builder.importModel(
      ImportRequest(network: "nvidia-pdresnet18"), in: folder)
    #expect(
      model.arithmetic == (try importFixture("pytorch/pdresnet18.pth.tar")).arithmetic)
  }

  @Test func `rejects tensors of no known network`() throws {
    var builder = try CheckpointBuilder(fixture: "crai/first_bn.pth")
    builder.rename { "other." + $0 }
    expectError(.unrecognised, "'other.", "--network", "climatereconstruction") {
      _ = try builder.importModel(in: folder)
    }
  }

  @Test func `rejects a network of another framework`() throws {
    expectError(.unknownNetwork, "'pconv-keras'", "keras", "pytorch") {
      _ = try importFixture("crai/first_bn.pth", ImportRequest(network: "pconv-keras"))
    }
  }

  @Test func `rejects settings that the network does not have`() throws {
    let file = "crai/first_bn.pth"
    expectError(.unknownOption, "--set colour", "channels", "padding") {
      _ = try importFixture(file, ImportRequest(settings: ["colour": "blue"]))
    }
    expectError(.badOption, "padding=mirror", "zero, global") {
      _ = try importFixture(file, ImportRequest(settings: ["padding": "mirror"]))
    }
    for text in ["many", "-1", "1000000", ""] {
      expectError(.badOption, "levels=\(text)") {
        _ = try importFixture(file, ImportRequest(settings: ["levels": text]))
      }
    }
    expectError(.unknownOption, "--set padding") {
      _ = try importFixture(
        "keras/unet_model_train_bn.h5", ImportRequest(settings: ["padding": "zero"]))
    }
  }

  @Test func `warns of tensors that no layer uses`() throws {
    var builder = try CheckpointBuilder(fixture: "pytorch/naoto_unet.pth")
    #expect(try builder.importModel(in: folder).notes.filter { $0.contains("warning") } == [])
    builder.tensors["enc_9.extra.weight"] = Tensor([1], shape: [1])
    let notes = try builder.importModel(in: folder).notes
    #expect(notes.contains { $0.contains("warning") && $0.contains("enc_9.extra.weight") })
  }

  @Test func `rejects a checkpoint that lacks a tensor`() throws {
    for name in ["dec_3.conv.input_conv.weight", "enc_2.bn.running_var"] {
      var builder = try CheckpointBuilder(fixture: "pytorch/naoto_unet.pth")
      try #require(builder.tensors.removeValue(forKey: name) != nil)
      expectError(.missingTensor, "'\(name)'") { _ = try builder.importModel(in: folder) }
    }
  }

  @Test(arguments: [
    ("enc_2.bn.running_var", [2]), ("enc_2.bn.weight", [2]), ("dec_3.conv.input_conv.weight", [2]),
    ("dec_3.conv.input_conv.weight", [1, 1, 3, 3]), ("dec_1.conv.input_conv.bias", [7]),
    ("enc_2.conv.mask_conv.weight", [1]), ("enc_1.conv.input_conv.weight", [0]),
  ])
  func `rejects a tensor of the wrong shape`(_ name: String, _ shape: [Int]) throws {
    var builder = try CheckpointBuilder(fixture: "pytorch/naoto_unet.pth")
    try #require(builder.tensors[name] != nil)
    builder.tensors[name] = Tensor(
      (0..<shape.reduce(1, *)).map { Float($0) + 0.5 }, shape: shape)
    let layer = name.split(separator: ".")[0]
    expectError(.shapeMismatch, String(layer)) { _ = try builder.importModel(in: folder) }
  }
}
