import CheckpointFormats
import GraphIR

/// ONNX models: the graph is in the file, so no network description is needed.
enum ONNXImporter: CheckpointImporter {
  static let formatName = "ONNX"
  /// Most nodes of a graph; the largest published network of this kind has some hundreds.
  static let maximumNodeCount = 20_000

  static func recognises(_ kind: FileKind) -> Bool { kind == .onnx }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    if let network = request.network {
      throw ImportError(
        .unknownNetwork,
        "\(path): an ONNX file holds its own graph, so --network \(network) does not apply")
    }
    if let option = request.settings.keys.min() {
      throw ImportError(.unknownOption, "\(path): an ONNX file has no option '\(option)' to set")
    }
    let model: ONNXModel
    do throws(CheckpointError) {
      model = try ONNXModel.open(path: path)
    } catch {
      throw ImportError(error)
    }
    return try importModel(model, request)
  }

  /// Builds the graph of `model`.
  ///
  /// - Throws: `ImportError.unsupportedLayer` naming operator, node and attribute;
  ///   `.shapeMismatch`, `.missingTensor` for a graph that does not fit together.
  static func importModel(
    _ model: ONNXModel, _ request: ImportRequest
  ) throws(ImportError) -> ImportedModel {
    try check(model)
    let tensors = ONNXTensors(model)
    let graph = try withSmallestSizeMultiple { multiple throws(ImportError) in
      var builder = ONNXGraphBuilder(model, tensors, request, sizeMultiple: multiple)
      return try builder.build()
    }
    let warning = UnguardedDivision.warning(graph.graph)
    let producer = model.producer.isEmpty ? "an unnamed program" : model.producer
    return ImportedModel(
      graph: graph, network: "onnx-model", title: "ONNX model '\(model.graphName)'",
      reason: "built from the file's own graph, written by \(producer)",
      options: [
        ("batch-norm", request.batchNorm?.rawValue ?? "as in the file"),
        ("opset", model.operatorSets[""].map { "\($0)" } ?? "none"),
      ],
      notes: [warning].compactMap(\.self) + tensors.unusedNotes(), processing: nil,
      sourceFormat: "ONNX", externalFiles: model.externalFiles)
  }

  private static func check(_ model: ONNXModel) throws(ImportError) {
    guard let version = model.operatorSets[""], version >= 7 else {
      throw ImportError(
        .unsupportedLayer,
        "the model uses the standard operators in version "
          + "\(model.operatorSets[""].map { "\($0)" } ?? "unknown"); versions from 7 on are read")
    }
    guard model.nodes.count <= maximumNodeCount else {
      throw ImportError(
        .unsupportedLayer, "the graph has \(model.nodes.count) nodes, more than \(maximumNodeCount)"
      )
    }
  }
}
