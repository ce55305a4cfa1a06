import CheckpointFormats
import GraphIR
import GraphPasses
import GraphReference
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

private typealias Make = ONNXAssembler

/// Single operators, against values worked out by hand, and graphs that are not accepted.
@Suite struct ONNXOperatorTests {
  /// Imports a graph over the input `x` `[1, 2, 2, 2]` with the output `y`.
  private func importModel(
    _ nodes: [[UInt8]], _ initializers: [[UInt8]] = [], axes: [Any] = [1, 2, 2, 2], opset: Int = 13
  ) throws -> ImportedModel {
    let graph = Make.graph(
      nodes: nodes, initializers: initializers, inputs: [Make.input("x", axes)], outputs: ["y"])
    let model = try ONNXModel.open(
      FileBytes(Make.model(graph, opset: opset), name: "model.onnx"))
    return try ONNXImporter.importModel(model, ImportRequest())
  }

  private func run(
    _ nodes: [[UInt8]], _ initializers: [[UInt8]] = [], x: [Float] = [1, 2, 3, 4, 5, 6, 7, 8],
    shape: [Int] = [1, 2, 2, 2], opset: Int = 13
  ) throws -> Tensor {
    let imported = try importModel(nodes, initializers, axes: shape, opset: opset)
    let results = try Interpreter(imported.graph).run(["x": Tensor(x, shape: shape)])
    return try #require(results.first?.tensor)
  }

  @Test func `aligns constants from the right`() throws {
    let vectors: [([Int], [Float], [Float])] = [
      ([], [10], [11, 12, 13, 14, 15, 16, 17, 18]),
      ([1], [10], [11, 12, 13, 14, 15, 16, 17, 18]),
      ([2], [10, 20], [11, 22, 13, 24, 15, 26, 17, 28]),
      ([2, 1], [10, 20], [11, 12, 23, 24, 15, 16, 27, 28]),
      ([2, 1, 1], [10, 20], [11, 12, 13, 14, 25, 26, 27, 28]),
      ([1, 2, 1, 1], [10, 20], [11, 12, 13, 14, 25, 26, 27, 28]),
    ]
    for (shape, floats, wanted) in vectors {
      let y = try run(
        [Make.node("Add", ["x", "c"], ["y"])], [Make.tensor("c", shape: shape, floats: floats)])
      #expect(y.floatArray == wanted, "\(shape)")
      let z = try run(
        [Make.node("Add", ["c", "x"], ["y"])], [Make.tensor("c", shape: shape, floats: floats)])
      #expect(z.floatArray == wanted, "\(shape)")
    }
  }

  @Test func `lets one tensor serve as kernel, vector and number`() throws {
    let y = try run(
      [
        Make.node("Identity", ["c"], ["alias"]),
        Make.node("Conv", ["x", "kernel", "alias"], ["a"]),
        Make.node("Reshape", ["alias", "shape"], ["row"]),
        Make.node("Mul", ["a", "row"], ["y"]),
      ],
      [
        Make.tensor("c", shape: [2], floats: [10, 100]),
        Make.tensor("kernel", shape: [2, 2, 1, 1], floats: [1, 0, 0, 1]),
        Make.tensor("shape", integers: [1, -1, 1, 1]),
      ])
    #expect(y.floatArray == [110, 120, 130, 140, 10500, 10600, 10700, 10800])
  }

  @Test func `pads to equal size above and below`() throws {
    let kernel = Make.tensor("w", shape: [1, 1, 2, 2], floats: [1, 1, 1, 1])
    for (mode, wanted) in [
      ("SAME_UPPER", [10, 6, 7, 4] as [Float]), ("SAME_LOWER", [1, 3, 4, 10]),
    ] {
      let y = try run(
        [Make.node("Conv", ["x", "w"], ["y"], [Make.attribute("auto_pad", text: mode)])],
        [kernel], x: [1, 2, 3, 4], shape: [1, 1, 2, 2])
      #expect(y.floatArray == wanted, "\(mode)")
    }
  }

  @Test func `compares, chooses and joins conditions`() throws {
    let numbers = [
      Make.tensor("three", shape: [], floats: [3]), Make.tensor("six", shape: [], floats: [6]),
      Make.tensor("zero", shape: [], floats: [0]),
    ]
    let y = try run(
      [
        Make.node("Greater", ["x", "three"], ["a"]), Make.node("LessOrEqual", ["x", "six"], ["b"]),
        Make.node("And", ["a", "b"], ["both"]), Make.node("Not", ["both"], ["none"]),
        Make.node("Where", ["none", "zero", "x"], ["y"]),
      ], numbers)
    #expect(y.floatArray == [0, 0, 0, 4, 5, 6, 0, 0])
    let z = try run(
      [
        Make.node("GreaterOrEqual", ["x", "six"], ["a"]), Make.node("Less", ["x", "three"], ["b"]),
        Make.node("Or", ["a", "b"], ["either"]),
        Make.node("Cast", ["either"], ["y"], [Make.attribute("to", integer: 1)]),
      ], numbers)
    #expect(z.floatArray == [1, 1, 0, 0, 0, 1, 1, 1])
  }

  @Test func `folds lengths, also of open size`() throws {
    let imported = try importModel(
      [
        Make.node("Shape", ["x"], ["s"]),
        Make.node("Slice", ["s", "two", "four"], ["size"]),
        Make.node("Mul", ["size", "two"], ["doubled"]),
        Make.node("Slice", ["s", "zero", "two"], ["front"]),
        Make.node("Concat", ["front", "doubled"], ["all"], [Make.attribute("axis", integer: 0)]),
        Make.node(
          "Resize", ["x", "", "", "all"], ["y"],
          [
            Make.attribute("mode", text: "nearest"),
            Make.attribute("coordinate_transformation_mode", text: "asymmetric"),
            Make.attribute("nearest_mode", text: "floor"),
          ]),
      ],
      [
        Make.tensor("zero", integers: [0]), Make.tensor("two", integers: [2]),
        Make.tensor("four", integers: [4]),
      ], axes: ["N", 2, "H", "W"])
    let graph = imported.graph.graph
    #expect(graph.nodes.count == 1)
    #expect(graph.nodes[0].operation is UpsampleNearest)
  }

  @Test func `completes a product by the addition after it`() throws {
    let imported = try importModel(
      [
        Make.node("Flatten", ["x"], ["row"]), Make.node("MatMul", ["row", "w"], ["p"]),
        Make.node("Add", ["p", "b"], ["y"]),
      ],
      [
        Make.tensor("w", shape: [8, 2], floats: (0..<16).map(Float.init)),
        Make.tensor("b", shape: [2], floats: [1, -1]),
      ])
    #expect(imported.graph.graph.nodes.count { $0.operation is Dense } == 1)
    let x = Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [1, 2, 2, 2])
    let y = try #require(try Interpreter(imported.graph).run(["x": x]).first?.tensor)
    #expect(y.floatArray == [337, 371])
  }

  @Test func `multiplies all channels`() throws {
    let y = try run(
      [Make.node("ReduceProd", ["x"], ["y"], [Make.attribute("axes", integers: [1])])],
      x: [1, 2, 3], shape: [1, 3, 1, 1])
    #expect(y.floatArray == [6])
  }

  @Test func `rejects operators that are not known and names them`() {
    expectImportError(.unsupportedLayer, "'Softmax'", "'y_node'", "known are", "Conv") {
      _ = try importModel([Make.node("Softmax", ["x"], ["y"])])
    }
    expectImportError(.unsupportedLayer, "'Conv'", "'com.example'") {
      _ = try importModel([Make.node("Conv", ["x", "x"], ["y"], domain: "com.example")])
    }
  }

  @Test func `rejects attributes that are not supported and names them`() {
    let kernel = Make.tensor("w", shape: [2, 2, 1, 1], floats: [1, 0, 0, 1])
    func conv(_ attribute: [UInt8]) -> [UInt8] {
      Make.node("Conv", ["x", "w"], ["y"], [attribute])
    }
    for attribute in [
      Make.attribute("group", integer: 0), Make.attribute("strides", integers: [0, 1]),
      Make.attribute("strides", integers: [1 << 40, 1]), Make.attribute("dilations", integers: [1]),
      Make.attribute("pads", integers: [-1, 0, 0, 0]), Make.attribute("auto_pad", text: "OTHER"),
      Make.attribute("kernel_shape", integers: [3, 3]),
    ] {
      expectImportError(.unsupportedLayer, "attribute", "'y_node' (Conv)") {
        _ = try importModel([conv(attribute)], [kernel])
      }
    }
    expectImportError(.unsupportedLayer, "linear") {
      _ = try importModel(
        [
          Make.node(
            "Resize", ["x", "", "s"], ["y"], [Make.attribute("mode", text: "linear")])
        ], [Make.tensor("s", shape: [4], floats: [1, 1, 2, 2])])
    }
  }

  @Test func `rejects cycles, missing inputs and values made twice`() {
    expectImportError(.missingTensor, "'b'") {
      _ = try importModel([
        Make.node("Add", ["x", "b"], ["a"]), Make.node("Add", ["a", "x"], ["b"]),
        Make.node("Relu", ["b"], ["y"]),
      ])
    }
    expectImportError(.missingTensor, "'z'") {
      _ = try importModel([Make.node("Relu", ["z"], ["y"])])
    }
    expectImportError(.missingTensor, "'y'") {
      _ = try importModel([Make.node("Relu", ["x"], ["z"])])
    }
    expectImportError(.unsupportedLayer, "already") {
      _ = try importModel([Make.node("Relu", ["x"], ["y"]), Make.node("Relu", ["x"], ["y"])])
    }
    expectImportError(.unsupportedLayer, "missing") {
      _ = try importModel([Make.node("Add", ["x"], ["y"])])
    }
  }

  @Test func `rejects inputs that are no pictures and sizes beyond reason`() {
    for axes in [[1, 2, 2], [1, "C", 2, 2], [1, 2, 0, 2], [1, 2, 1 << 50, 2], [-1, 2, 2, 2]]
      as [[Any]]
    {
      expectImportError(.unsupportedLayer, "input 'x'") {
        _ = try importModel([Make.node("Relu", ["x"], ["y"])], axes: axes)
      }
    }
    expectImportError(.unsupportedLayer, "version") {
      _ = try importModel([Make.node("Relu", ["x"], ["y"])], opset: 6)
    }
  }

  @Test func `rejects constants that a small file repeats without end`() {
    let doubling = (0..<40).map {
      Make.node("Mul", ["c\($0)", "r\($0 % 2)"], ["c\($0 + 1)"])
    }
    expectImportError(.unsupportedLayer, "elements") {
      _ = try importModel(
        doubling + [Make.node("Relu", ["x"], ["y"])],
        [
          Make.tensor("c0", shape: [1, 1, 1, 4000], floats: [Float](repeating: 2, count: 4000)),
          Make.tensor("r0", shape: [1, 1, 4000, 1], floats: [Float](repeating: 2, count: 4000)),
          Make.tensor("r1", shape: [1, 4000, 1, 1], floats: [Float](repeating: 2, count: 4000)),
        ])
    }
  }

  @Test func `rejects or reads every flipped bit of a graph without harm`() {
    let graph = Make.graph(
      nodes: [
        Make.node(
          "Conv", ["x", "w"], ["a"],
          [
            Make.attribute("pads", integers: [1, 1, 1, 1]),
            Make.attribute("strides", integers: [2, 2]),
          ]),
        Make.node("Shape", ["a"], ["s"]), Make.node("Slice", ["s", "i", "j"], ["t"]),
        Make.node("Add", ["a", "c"], ["b"]),
        Make.node("MaxPool", ["b"], ["y"], [Make.attribute("kernel_shape", integers: [2, 2])]),
      ],
      initializers: [
        Make.tensor("w", shape: [1, 1, 3, 3], floats: [1, 1, 1, 1, 1, 1, 1, 1, 1]),
        Make.tensor("c", shape: [1], floats: [1]), Make.tensor("i", integers: [2]),
        Make.tensor("j", integers: [4]),
      ],
      inputs: [Make.input("x", [1, 1, 8, 8])], outputs: ["y"])
    let small = Make.model(graph)
    for index in small.indices {
      for bit in 0..<8 {
        var bytes = small
        bytes[index] ^= 1 << UInt8(bit)
        do {
          let model = try ONNXModel.open(FileBytes(bytes, name: "model.onnx"))
          let imported = try ONNXImporter.importModel(model, ImportRequest())
          _ = try PassPipeline.standard.run(imported.graph)
        } catch is CheckpointError {
        } catch is ImportError {
        } catch {
          Issue.record(error)
        }
      }
    }
  }
}

private func expectImportError(
  _ code: ImportError.Code, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) { try body() }
  guard let error else { return }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  for word in words {
    #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
  }
}
