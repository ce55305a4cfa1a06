import CheckpointFormats
import Foundation
import OrderedCollections
import TensorCore
import TestSupport
import Testing

private typealias Make = ONNXAssembler

/// Reading of ONNX files, whole, damaged and hostile.
@Suite struct ONNXModelTests {
  /// A convolution with a stored kernel, a constant node and an external tensor's place.
  static let small = Make.model(
    Make.graph(
      nodes: [
        Make.node(
          "Constant", [], ["c"],
          [Make.attribute("value", tensor: Make.tensor("", shape: [2], floats: [1, 2]))]),
        Make.node(
          "Conv", ["x", "w"], ["y"],
          [
            Make.attribute("pads", integers: [1, 1, 1, 1]), Make.attribute("group", integer: 1),
            Make.attribute("auto_pad", text: "NOTSET"),
          ]),
      ],
      initializers: [
        Make.tensor("w", shape: [1, 1, 3, 3], floats: [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Make.header("f", 1, [2]) + Make.field(4, [0, 0, 128, 63, 0, 0, 0, 64]),
        Make.header("d", 11, [1]) + Make.field(10, Make.littleEndian((0.5).bitPattern)),
        Make.header("i", 7, [2]) + Make.field(7, [3, 4]),
        Make.header("h", 10, [2]) + Make.field(5, [0x80, 0x78, 0]),
        Make.header("b", 16, [1]) + Make.field(5, [0x80, 0x7F]),
      ],
      inputs: [Make.input("x", ["N", 1, 8, "W"])], outputs: ["y"]))

  static func open(_ bytes: [UInt8]) throws -> ONNXModel {
    try ONNXModel.open(FileBytes(bytes, name: "model.onnx"))
  }

  @Test func `reads nodes, attributes, inputs and tensors in every encoding`() throws {
    let model = try Self.open(Self.small)
    #expect(model.operatorSets == ["": 13])
    #expect(model.nodes.map(\.operatorType) == ["Constant", "Conv"])
    #expect(model.nodes[1].inputs == ["x", "w"])
    guard case .integers([1, 1, 1, 1])? = model.nodes[1].attributes["pads"],
      case .text("NOTSET")? = model.nodes[1].attributes["auto_pad"],
      case .tensor(let constant)? = model.nodes[0].attributes["value"]
    else {
      Issue.record("wrong attributes")
      return
    }
    #expect(try constant.load().floatArray == [1, 2])
    #expect(model.inputs[0].dimensions == [.named("N"), .fixed(1), .fixed(8), .named("W")])
    func values(_ name: String) throws -> [Float]? {
      try model.initializers[name]?.load().convertedToFloat32().floatArray
    }
    #expect(try values("w") == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(try values("f") == [1, 2])
    #expect(try values("d") == [0.5])
    #expect(try values("i") == [3, 4])
    #expect(try values("h") == [1, 0])
    #expect(try values("b") == [1])
  }

  @Test func `rejects or reads every truncation without harm`() {
    for count in 1..<Self.small.count {
      do {
        let model = try Self.open(Array(Self.small[..<count]))
        for tensor in model.initializers.values { _ = try tensor.load() }
      } catch is CheckpointError {
      } catch {
        Issue.record(error)
      }
    }
  }

  @Test func `rejects or reads every flipped bit without harm`() {
    for index in Self.small.indices {
      for bit in 0..<8 {
        var bytes = Self.small
        bytes[index] ^= 1 << UInt8(bit)
        do {
          let model = try Self.open(bytes)
          for tensor in model.initializers.values { _ = try tensor.load() }
        } catch is CheckpointError {
        } catch {
          Issue.record(error)
        }
      }
    }
  }

  private func open(initializer: [UInt8]) throws -> ONNXModel {
    try Self.open(
      Make.model(
        Make.graph(
          nodes: [], initializers: [initializer], inputs: [Make.input("x", [1])], outputs: ["x"])))
  }

  @Test func `rejects raw data of another length than the shape`() {
    expectError(.corrupt) {
      _ = try open(initializer: Make.tensor("w", shape: [2], raw: [0, 0, 0, 0, 0, 0, 0, 0, 0]))
    }
    expectError(.truncated) {
      _ = try open(initializer: Make.tensor("w", shape: [3], raw: [0, 0, 0, 0]))
    }
  }

  @Test func `rejects huge and negative shapes`() {
    for shape in [[1 << 40, 1 << 40], [Int.max, 2], [-1], [1 << 62]] {
      #expect(throws: CheckpointError.self) {
        _ = try open(initializer: Make.tensor("w", shape: shape, raw: [0, 0, 0, 0]))
      }
    }
  }

  @Test func `rejects element types, pieces and sparse tensors that are not read`() {
    expectError(.unsupported) {
      _ = try open(initializer: Make.tensor("w", type: 8, shape: [1], raw: [0]))
    }
    let piece = Make.field(9, [0, 0, 128, 63])
    expectError(.unsupported) {
      _ = try open(initializer: Make.header("w", 1, [1]) + piece + piece)
    }
    let graph = Make.field(15, [])
    expectError(.unsupported) { _ = try Self.open(Make.model(graph)) }
  }

  @Test func `rejects double names, two graphs and none`() {
    let tensor = Make.tensor("w", shape: [1], floats: [1])
    let graph = Make.graph(
      nodes: [], initializers: [tensor, tensor], inputs: [], outputs: [])
    expectError(.corrupt, "two tensors") { _ = try Self.open(Make.model(graph)) }
    expectError(.corrupt, "two graphs") {
      _ = try Self.open(Self.small + Make.field(7, []))
    }
    expectError(.corrupt, "no graph") { _ = try Self.open(Make.number(1, 8) + Make.text(2, "x")) }
  }

  @Test func `rejects a small file that unpacks to much`() {
    let nodes = [UInt8](repeating: 0, count: 400_000).flatMap { _ in Make.field(1, []) }
    expectError(.limitExceeded) { _ = try Self.open(Make.model(nodes)) }
  }

  @Test func `rejects groups and numbers that are too long`() {
    expectError(.corrupt) { _ = try Self.open(Make.number(1, 8) + [0x12, 0, 0x0B, 0x0C]) }
    let long = [UInt8](repeating: 0xFF, count: 11)
    expectError(.corrupt) { _ = try Self.open(Make.number(1, 8) + [0x12, 0] + long) }
  }
}
