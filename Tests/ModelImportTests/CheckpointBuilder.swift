import CheckpointFormats
import Foundation
import GraphIR
import OrderedCollections
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

/// Named tensors that tests edit and write as a safetensors file.
struct CheckpointBuilder {
  var tensors: OrderedDictionary<String, Tensor> = [:]
  var metadata: [String: String] = [:]

  /// The network of a PyTorch fixture.
  init(fixture: String) throws {
    let checkpoint = try TorchCheckpoint.open(path: PackageFiles.fixture(fixture))
    let states = checkpoint.stateDictionaries()
    let largest = try #require(states.max { $0.tensors.count < $1.tensors.count })
    for (name, stored) in largest.tensors { tensors[name] = try stored.load() }
  }

  mutating func rename(_ newName: (String) -> String) {
    tensors = OrderedDictionary(tensors.map { (newName($0.key), $0.value) }) { $1 }
  }

  /// Writes the tensors, all as `f32`.
  func write(to path: String) throws {
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    var data = Data()
    for (name, tensor) in tensors {
      let start = data.count
      for value in tensor.convertedToFloat32().floatArray {
        data.append(
          contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) })
      }
      header[name] = [
        "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, data.count],
      ]
    }
    let json = try JSONSerialization.data(withJSONObject: header, options: .sortedKeys)
    let length = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> ($0 * 8)) })
    try (length + json + data).write(to: URL(filePath: path))
  }

  /// Writes and imports the tensors.
  func importModel(
    _ request: ImportRequest = ImportRequest(), in folder: TemporaryFolder
  ) throws -> ImportedModel {
    try write(to: folder.path("model.safetensors"))
    return try ImporterRegistry.importModel(folder.path("model.safetensors"), request)
  }
}

/// Expects an error of `code` whose message has all of `words`.
func expectError(
  _ code: ImportError.Code, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) { try body() }
  guard let error else { return }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  for word in words {
    #expect(
      error.message.contains(word), "lacks '\(word)': \(error)", sourceLocation: sourceLocation)
  }
}

extension ImportedModel {
  /// What the graph computes, without the names of its layers and tensors.
  var arithmetic: [String] {
    graph.graph.nodes.map { node in
      let attributes = node.operation.attributes.map { "\($0.key)=\($0.value)" }.sorted()
      return "\(node.operation.mnemonic) \(attributes) \(node.inputs)"
    }
  }

  var weights: [Tensor] { graph.graph.constants.map(\.tensor) }
}
