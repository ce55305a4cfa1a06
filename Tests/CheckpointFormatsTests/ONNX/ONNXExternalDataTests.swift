import CheckpointFormats
import Foundation
import OrderedCollections
import TensorCore
import TestSupport
import Testing

private typealias Make = ONNXAssembler

/// Tensors in files beside the model, and ways out of its folder.
@Suite struct ONNXExternalDataTests {
  private let folder: TestSupport.TemporaryFolder

  init() throws {
    folder = try TestSupport.TemporaryFolder()
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "inner/data"), withIntermediateDirectories: true)
    let bytes = Data([0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64])
    try bytes.write(to: folder.url.appending(path: "inner/data/weights.bin"))
    try bytes.write(to: folder.url.appending(path: "outside.bin"))
  }

  private func open(_ properties: [(String, String)], shape: [Int] = [2]) throws -> [Float] {
    let graph = Make.graph(
      nodes: [], initializers: [Make.tensor("w", shape: shape, external: properties)],
      inputs: [], outputs: [])
    let path = folder.path("inner/model.onnx")
    try Data(Make.model(graph)).write(to: URL(filePath: path))
    let model = try ONNXModel.open(path: path)
    return try model.initializers["w"]?.load().floatArray ?? []
  }

  @Test func `reads a range of a file below the model's folder`() throws {
    let all = [("location", "data/weights.bin"), ("offset", "4"), ("length", "8")]
    #expect(try open(all) == [1, 2])
    #expect(try open(Array(all.dropLast())) == [1, 2])
    #expect(try open(all + [("checksum", "x")]) == [1, 2])
  }

  @Test(arguments: [
    "../outside.bin", "/etc/passwd", "data/../../outside.bin", "", ".", "data//weights.bin",
    "data/./weights.bin", "data\\weights.bin", "data/weights.bin/",
  ])
  func `rejects a location that is no plain path`(location: String) {
    expectError(.refused, "no plain path") { _ = try open([("location", location)]) }
  }

  @Test func `rejects symbolic links at any place`() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path("inner/link.bin"), withDestinationPath: "data/weights.bin")
    try manager.createSymbolicLink(
      atPath: folder.path("inner/linked"), withDestinationPath: "data")
    for location in ["link.bin", "linked/weights.bin"] {
      expectError(.refused) { _ = try open([("location", location)]) }
    }
  }

  @Test func `rejects what is no regular file`() throws {
    expectError(.unreadable) { _ = try open([("location", "data")]) }
  }

  @Test func `rejects ranges outside the file and lengths that do not fit`() {
    let location = ("location", "data/weights.bin")
    expectError(.truncated) { _ = try open([location, ("offset", "8")]) }
    expectError(.truncated) { _ = try open([location, ("offset", "\(Int.max)")]) }
    expectError(.corrupt) { _ = try open([location, ("offset", "-4")]) }
    expectError(.corrupt) { _ = try open([location, ("length", "12")]) }
    expectError(.corrupt) { _ = try open([location], shape: [Int.max, Int.max]) }
  }

  @Test func `rejects missing files, missing locations and unknown properties`() {
    expectError(.missing) { _ = try open([("location", "absent.bin")]) }
    expectError(.corrupt) { _ = try open([("offset", "0")]) }
    expectError(.unsupported) {
      _ = try open([("location", "data/weights.bin"), ("basepath", "..")])
    }
  }

  @Test func `rejects external data of a model without a folder`() {
    let graph = Make.graph(
      nodes: [],
      initializers: [Make.tensor("w", shape: [1], external: [("location", "weights.bin")])],
      inputs: [], outputs: [])
    expectError(.refused) {
      _ = try ONNXModel.open(FileBytes(Make.model(graph), name: "model.onnx"))
    }
  }
}
