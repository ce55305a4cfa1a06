import GraphIR
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

@Suite struct KerasWeightsTests {
  private func importFixture(
    _ name: String, _ batchNorm: BatchNormChoice? = nil
  ) throws -> ImportedModel {
    try ImporterRegistry.importModel(
      PackageFiles.fixture("keras/\(name).h5"), ImportRequest(batchNorm: batchNorm))
  }

  /// Batch norms that take the statistics of the batch, and those that do not.
  private func statistics(_ model: ImportedModel) -> (batch: Int, moving: Int) {
    let all = model.graph.graph.nodes.compactMap { $0.operation as? BatchNormalization }
    let batch = all.count { $0.statistics == .batch }
    return (batch, all.count - batch)
  }

  @Test(arguments: [
    "unet_weights_renumbered", "unet_weights_fixed_strings", "unet_weights_split_names",
  ])
  func `matches layers by order under any numbering`(_ name: String) throws {
    let plain = try importFixture("unet_weights")
    let other = try importFixture(name)
    #expect(other.arithmetic == plain.arithmetic)
    #expect(other.weights == plain.weights)
  }

  @Test func `defaults to moving statistics for weights and follows the file for models`() throws {
    let weights = try statistics(importFixture("unet_weights"))
    #expect(weights.batch == 0 && weights.moving > 4)
    let frozen = try statistics(importFixture("unet_model_frozen_bn"))
    #expect(frozen == weights)
    let trained = try statistics(importFixture("unet_model_train_bn"))
    #expect(trained.batch > 2 && trained.moving > 2)
    #expect(trained.batch + trained.moving == weights.moving)
  }

  @Test(arguments: ["unet_weights", "unet_model_frozen_bn", "unet_model_train_bn"])
  func `takes the statistics that are asked for`(_ name: String) throws {
    let trained = try statistics(importFixture("unet_model_train_bn"))
    #expect(try statistics(importFixture(name, .batch)) == trained)
    #expect(try statistics(importFixture(name, .moving)).batch == 0)
  }

  @Test func `says which statistics were chosen`() throws {
    func choice(_ name: String, _ batchNorm: BatchNormChoice? = nil) throws -> String? {
      try importFixture(name, batchNorm).options.first { $0.key == "batch-norm" }?.value
    }
    #expect(try choice("unet_weights") == "moving")
    #expect(try choice("unet_weights", .batch) == "batch")
    #expect(try choice("unet_model_frozen_bn") == "moving, as in the file")
    #expect(try choice("unet_model_train_bn", .moving) == "moving, asked for")
    let trained = try #require(try choice("unet_model_train_bn"))
    #expect(trained.hasPrefix("batch in ") && trained.hasSuffix(" layers, as in the file"))
  }

  @Test func `keeps mask kernels that differ from one`() throws {
    let model = try importFixture("unet_mask_kernel")
    #expect(model.graph.graph.constants.contains { $0.name.hasSuffix("/Variable") })
    let ones = try importFixture("unet_weights")
    #expect(!ones.graph.graph.constants.contains { $0.name.hasSuffix("/Variable") })
  }

  @Test func `names inputs image and mask and keeps the source's own as aliases`() throws {
    for name in ["unet_weights", "unet_model_frozen_bn"] {
      let inputs = try importFixture(name).graph.graph.inputs
      #expect(inputs.map(\.name) == ["image", "mask"])
      #expect(inputs.map(\.aliases) == [["inputs_img"], ["inputs_mask"]])
    }
  }
}
