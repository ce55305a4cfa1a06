import GraphReference
import InferenceRuntime
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct AgreementTests {
  @Test(arguments: AgreementCase.fixtures, NumericTier.allCases)
  func `computes what the framework computed`(_ row: AgreementCase, _ tier: NumericTier) throws {
    let arrays = try row.loadArrays()
    let outputs = try row.convert(tier: tier).makeSession().run(arrays.inputs)
    try row.expectAgreement(outputs, with: arrays, tolerance: tier.tolerance)
  }

  @Test(
    .enabled(if: PackageFiles.hasReferences, "the reference checkpoints are not here"),
    arguments: AgreementCase.references, NumericTier.allCases)
  func `computes what the framework computed with its own checkpoint`(
    _ row: AgreementCase, _ tier: NumericTier
  ) throws {
    let arrays = try row.loadArrays()
    let outputs = try row.convert(tier: tier).makeSession().run(arrays.inputs)
    try row.expectAgreement(outputs, with: arrays, tolerance: tier.tolerance)
  }

  @Test(arguments: [
    AgreementCase(checkpoint: "keras/unet_weights.h5", arrays: "keras/unet_fractional.npz"),
    AgreementCase(checkpoint: "keras/unet_mask_kernel.h5", arrays: "keras/unet_mask_kernel.npz"),
    AgreementCase(
      checkpoint: "keras/unet_model_train_bn.h5", arrays: "keras/unet.npz",
      key: "output_train_bn"),
    AgreementCase(checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz"),
    AgreementCase(
      checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet_fractional.npz"),
    AgreementCase(checkpoint: "pytorch/pdresnet18.pth.tar", arrays: "pytorch/pdresnet18.npz"),
    AgreementCase(checkpoint: "pytorch/pdresnet50.pth.tar", arrays: "pytorch/pdresnet50.npz"),
    AgreementCase(checkpoint: "crai/first_bn.pth", arrays: "crai/first_bn.npz"),
    AgreementCase(
      checkpoint: "crai/global_padding.pth", arrays: "crai/global_padding.npz",
      settings: ["padding": "global"]),
  ])
  func `computes the same in the interpreter before any optimisation`(
    _ row: AgreementCase
  ) throws {
    let arrays = try row.loadArrays()
    let imported = try ImporterRegistry.importModel(row.checkpointPath, row.request)
    let outputs = try Interpreter(imported.graph).run(arrays.inputs)
    try row.expectAgreement(outputs, with: arrays)
  }

  @Test(arguments: [
    ("pytorch/naoto_unet.pth", "pytorch/naoto_unet.npz"),
    ("pytorch/naoto_unet.pth", "pytorch/naoto_unet_bool.npz"),
    ("pytorch/naoto_unet.pth", "pytorch/naoto_unet_fractional.npz"),
  ])
  func `gives the last mask as the framework does`(_ checkpoint: String, _ file: String) throws {
    let row = AgreementCase(checkpoint: checkpoint, arrays: file, key: "output_mask")
    let arrays = try row.loadArrays()
    let outputs = try row.convert().makeSession().run(arrays.inputs)
    let mask = try #require(outputs.first { $0.name == "output_mask" }?.tensor)
    let step = Int(arrays["sample_step"]?.convertedToFloat32().floatArray.first ?? 1)
    #expect(mask.sampled([2, 3], step: step) == arrays["output_mask"])
  }

  @Test func `sees a disagreement when the padding is not the trained one`() throws {
    let row = AgreementCase(
      checkpoint: "crai/global_padding.pth", arrays: "crai/global_padding.npz")
    let arrays = try row.loadArrays()
    let outputs = try row.convert().makeSession().run(arrays.inputs)
    let reference = try #require(arrays["output"])
    #expect(relativeDifference(outputs[0].tensor, reference) > 1e-3)
  }

  @Test func `counts a value that is not a number as a disagreement`() {
    let broken = Tensor([1, .nan], shape: [2])
    #expect(relativeDifference(broken, broken) == .infinity)
  }
}
