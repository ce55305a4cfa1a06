import CheckpointFormats
import GraphIR
import GraphPasses
import InferenceRuntime
import OrderedCollections
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

/// What both exporters of torch write for networks with partial convolutions.
@Suite struct ONNXNetworkTests {
  struct Export: CustomTestStringConvertible, Sendable {
    var model: String
    var arrays: String
    /// Layers of the network; masks are summed by further windows of one channel.
    var layers: Int
    var testDescription: String { model }
  }

  static let exports = [
    Export(model: "naoto", arrays: "naoto", layers: 14),
    Export(model: "naoto_fixed", arrays: "naoto", layers: 14),
    Export(model: "naoto_dynamo", arrays: "naoto", layers: 14),
    Export(model: "naoto_dynamo_plain", arrays: "naoto", layers: 14),
    Export(model: "tanimutomo", arrays: "tanimutomo", layers: 6),
    Export(model: "tanimutomo_fixed", arrays: "tanimutomo", layers: 6),
    Export(model: "tanimutomo_dynamo", arrays: "tanimutomo", layers: 6),
    Export(model: "xyfjason", arrays: "xyfjason", layers: 6),
    Export(model: "xyfjason_dynamo", arrays: "xyfjason", layers: 6),
    Export(model: "jacob", arrays: "jacob", layers: 6),
    Export(model: "jacob_dynamo", arrays: "jacob", layers: 6),
  ]

  @Test(arguments: exports)
  func `agrees with torch and ends in fused layers`(export: Export) throws {
    let imported = try Self.importModel("\(export.model).onnx")
    #expect(imported.notes.isEmpty)
    let graph = try PassPipeline.standard.run(imported.graph).graph
    #expect(Self.layerCount(graph) == export.layers)
    try Self.compare(graph, PackageFiles.fixture("onnx/\(export.arrays).npz"))
  }

  @Test func `agrees with torch on ratios that the exporter stored`() throws {
    let imported = try Self.importModel("padding_resnet.onnx")
    let graph = try PassPipeline.standard.run(imported.graph).graph
    try Self.compare(graph, PackageFiles.fixture("onnx/padding_resnet.npz"))
  }

  @Test func `warns of an epsilon that the exporter removed`() throws {
    let imported = try Self.importModel("tanimutomo_dynamo_optimized.onnx")
    let warning = try #require(imported.notes.first)
    #expect(imported.notes.count == 1)
    #expect(warning.contains("6 divisions"), "\(warning)")
    #expect(warning.contains("optimize=False"))
    let arrays = try NumpyArchive.open(FileBytes(path: PackageFiles.fixture("onnx/tanimutomo.npz")))
    let output = try Self.run(imported.graph, arrays)["output"]
    #expect(output?.floatArray.contains(where: \.isNaN) == true)
  }

  @Test(.enabled(if: PackageFiles.hasReferences))
  func `agrees with the reference export`() throws {
    let imported = try ImporterRegistry.importModel(
      PackageFiles.reference("onnx/naoto_unet.onnx"), ImportRequest())
    let (graph, _) = try PassPipeline.standard.run(imported.graph)
    #expect(Self.layerCount(graph) == 14)
    try Self.compare(graph, PackageFiles.reference("pytorch/naoto_unet.npz"))
  }

  @Test func `keeps the names of the file and the multiple that halved sizes need`() throws {
    let graph = try Self.importModel("naoto.onnx").graph.graph
    #expect(graph.inputs.map(\.name) == ["image", "mask"])
    #expect(graph.outputs.map(\.name) == ["output", "output_mask"])
    #expect(graph.inputs[0].type.description == "f32[batch,3,height,width]")
    #expect(graph.inputs[0].type.dimensions[2] == .symbol(Symbol("height", multiple: 128)))
  }

  @Test func `rejects a network name and settings`() {
    for request in [ImportRequest(network: "naoto0804"), ImportRequest(settings: ["a": "b"])] {
      #expect(throws: ImportError.self) {
        _ = try ImporterRegistry.importModel(PackageFiles.fixture("onnx/naoto.onnx"), request)
      }
    }
  }

  /// Fused layers of several channels; nil when a plain convolution has several.
  static func layerCount(_ graph: VerifiedGraph) -> Int? {
    let wide = graph.graph.nodes.filter {
      graph.type(of: $0.results[0]).dimensions[1] != .fixed(1)
    }
    if wide.contains(where: { $0.operation is Convolution }) { return nil }
    return wide.count { $0.operation is PartialConvolution }
  }

  static func importModel(_ name: String) throws -> ImportedModel {
    try ImporterRegistry.importModel(PackageFiles.fixture("onnx/\(name)"), ImportRequest())
  }

  static func run(
    _ graph: VerifiedGraph, _ arrays: OrderedDictionary<String, StoredTensor>
  ) throws -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for input in graph.graph.inputs {
      inputs[input.name] = try #require(arrays[input.name]).load().convertedToFloat32()
    }
    let results = try CompiledModel(graph).makeSession(threads: 1).run(inputs)
    return Dictionary(results.map { ($0.name, $0.tensor) }) { $1 }
  }

  /// Requires every output that the archive holds, within 1e-5 of the largest value.
  static func compare(_ graph: VerifiedGraph, _ path: String) throws {
    let arrays = try NumpyArchive.open(FileBytes(path: path))
    let results = try run(graph, arrays)
    for name in ["output", "output_mask"] {
      guard let stored = arrays[name], let result = results[name] else { continue }
      let difference = relativeDifference(result, try stored.load())
      #expect(difference <= 1e-5, "\(name)")
    }
    #expect(results["output"] != nil)
  }
}
