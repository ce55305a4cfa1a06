import Foundation
import GraphIR
import GraphPasses
import ModelImport
import TensorCore
import TestSupport
import Testing

@testable import ModelChecking

/// The standard pipeline on the committed checkpoints of every family.
struct FixturePassTests {
  @Test(arguments: Fixture.unets + Fixture.others)
  func `keeps the numbers of every checkpoint through every pass`(_ fixture: Fixture) throws {
    let imported = try fixture.imported()
    let size = imported.nearestSize(to: 16)
    let shapes = try SeededInputs.shapes(
      imported, batch: 1, height: size.height, width: size.width)
    let inputs = SeededInputs.arrays(imported, shapes: shapes, seed: 4)
    var before = try GraphRunner.interpreter(imported).run(inputs)
    for record in try PassPipeline.standard.run(imported).records where !record.rewrites.isEmpty {
      let after = try GraphRunner.interpreter(record.graph).run(inputs)
      for (result, reference) in zip(after, before) {
        let comparison = ArrayComparison(result.tensor, reference.tensor)
        let error = comparison.relativeError ?? comparison.maximumError
        #expect(comparison.isFinite, "\(record.name), '\(result.name)'")
        #expect(
          error <= (record.exactness == .reassociates ? 1e-6 : 0),
          "\(record.name), '\(result.name)'")
      }
      before = after
    }
  }

  @Test(arguments: Fixture.unets)
  func `leaves no mask convolution and no batch norm of moving statistics`(
    _ fixture: Fixture
  ) throws {
    let graph = try PassPipeline.standard.run(fixture.imported()).graph.graph
    for node in graph.nodes {
      switch node.operation {
      case is Convolution:
        let result = graph.type(of: node.results[0])?.dimensions[1]
        #expect(result == .fixed(1), "'\(node.label)' is not one plane")
      case let norm as BatchNormalization:
        #expect(norm.statistics == .batch, "'\(node.label)' is not folded")
      default: break
      }
    }
  }

  /// A literal mask convolution has as many multiplications as its picture's; what is left of it
  /// are box sums of single planes, at most two for each layer.
  @Test(arguments: Fixture.unets.filter { !($0.settings["maths"] ?? "").hasPrefix("2018") })
  func `halves the multiplications of masked layers, but for box sums of planes`(
    _ fixture: Fixture
  ) throws {
    let imported = try fixture.imported()
    let size = imported.nearestSize(to: 16)
    let before = try imported.multiplyCount(height: size.height, width: size.width)
    let optimised = try PassPipeline.standard.run(imported).graph
    let shapes = try SeededInputs.shapes(
      optimised, batch: 1, height: size.height, width: size.width)
    let fixed = try optimised.specialized(to: shapes)
    var (masked, others, planes) = (0, 0, 0)
    for node in fixed.graph.nodes {
      let count = fixed.multiplyCount(of: node)
      switch node.operation {
      case let layer as PartialConvolution:
        let channels = fixed.type(of: node.results[0]).dimensions[1]
        if layer.hasRatio || layer.parts.contains(where: \.isMasked) {
          masked += count
        } else if channels == .fixed(1) {
          planes += count
        } else {
          others += count
        }
      default: planes += count
      }
    }
    #expect(before == 2 * masked + others)
    #expect(planes < before / 2)
  }

  @Test func `halves the numbers of a checkpoint that stores mask kernels`() throws {
    let checkpoint = PackageFiles.fixture("torch_containers/protocol4.pth")
    let size = try FileManager.default.attributesOfItem(atPath: checkpoint)[.size] as? Int
    let imported = try ImporterRegistry.importModel(checkpoint, ImportRequest()).graph
    let optimised = try PassPipeline.standard.run(imported).graph.graph
    let bytes = optimised.constants.reduce(0) { $0 + $1.tensor.byteCount }
    #expect(bytes * 2 < size ?? 0)
  }
}

/// A committed checkpoint and what has to be said about it.
struct Fixture: Sendable, CustomTestStringConvertible {
  var name: String
  var network: String?
  var settings: [String: String] = [:]
  var batchNorm: BatchNormChoice?

  var testDescription: String {
    ([name] + settings.map { "\($0)=\($1)" } + [batchNorm?.rawValue].compactMap(\.self))
      .joined(separator: ", ")
  }

  func imported() throws -> VerifiedGraph {
    try ImporterRegistry.importModel(
      PackageFiles.fixture(name),
      ImportRequest(network: network, settings: settings, batchNorm: batchNorm)
    ).graph
  }

  /// Networks with masks of ones kernels and batch norms of moving statistics.
  static let unets: [Fixture] =
    [
      "keras/unet_weights.h5", "pytorch/naoto_unet.pth", "onnx/naoto.onnx",
      "onnx/naoto_dynamo_plain.onnx", "onnx/tanimutomo.onnx", "onnx/xyfjason.onnx",
      "families/bobqywei.pth", "families/tanimutomo.pth", "families/yuitc.pth",
      "families/xyfjason.pth", "families/niceringnode.pth", "families/ishyuhi.pth",
      "families/deocclusion.pth", "families/climatereconstruction_2020.pth",
      "crai/first_bn.pth", "crai/without_skips.pth", "crai/channel_steps.pth", "crai/pooling.pth",
      "keras_families/pconv_keras.h5", "keras_families/tf2.h5", "keras_families/ezavarygin.h5",
      "keras_families/sound_field.h5", "keras_families/keras3.keras",
    ].map { Fixture(name: $0) } + [
      Fixture(name: "crai/global_padding.pth", settings: ["padding": "global"]),
      Fixture(name: "keras_families/pconv_keras.h5", settings: ["maths": "2018"]),
      Fixture(name: "keras_families/pconv_keras.h5", settings: ["maths": "2018-06"]),
      Fixture(name: "keras_families/pconv_keras.h5", settings: ["maths": "window_channels"]),
      Fixture(
        name: "families/javirk.pth", network: "javirk",
        settings: ["height": "100", "width": "150"]),
    ]

  /// Networks without masks, with mask kernels of their own, products of masks, or batch
  /// statistics.
  static let others: [Fixture] =
    [
      "keras/unet_mask_kernel.h5", "keras/unet_model_train_bn.h5", "pytorch/pdresnet18.pth.tar",
      "pytorch/pdresnet50.pth.tar", "onnx/padding_resnet.onnx", "onnx/jacob.onnx",
      "families/jacobaustin123.pth", "keras_families/furrypython.h5",
      "keras_families/branches_keras.keras", "keras_families/classifier_keras.keras",
    ].map { Fixture(name: $0) } + [
      Fixture(name: "keras/unet_weights.h5", batchNorm: .batch),
      Fixture(name: "families/pdvgg19_bn.pth.tar", network: "nvidia-pdvgg19-bn"),
    ]
}
