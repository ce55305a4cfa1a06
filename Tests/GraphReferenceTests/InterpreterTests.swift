import GraphIR
import GraphReference
import TensorCore
import Testing

@Suite struct InterpreterTests {
  private func interpreter() throws -> Interpreter {
    let graph = try GraphParser.parse(
      """
      graph @g<H % 2>(%0 x|image: f32[1,2,H,W], %1 m: f32[1,1,H,W]) -> (%4 y, %0 x, %5 flag) {
        %2 = constant @w : f32[1,2,1,1]
        %3 = multiply %0, %1 "first"
        %4 = convolution %3, %2 {dilation=[1,1], groups=1, padding=[0,0,0,0], stride=[1,1]}
        %5 = equal %1, %1
      }
      """, constants: ["w": Tensor([1, 10], shape: [1, 2, 1, 1])])
    return Interpreter(try VerifiedGraph(graph))
  }

  private let x = Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1])
  private let m = Tensor([1, 0], shape: [1, 1, 2, 1])

  @Test func `computes the outputs in order, by name or alias, and shows every node`() throws {
    var labels: [String] = []
    let outputs = try interpreter().run(["image": x, "m": m]) { node, results in
      labels.append(node.label)
      #expect(results.count == 1)
    }
    #expect(outputs.map(\.name) == ["y", "x", "flag"])
    #expect(outputs[0].tensor.floatArray == [31, 0])
    #expect(outputs[1].tensor == x)
    #expect(outputs[2].tensor.boolArray == [true, true])
    #expect(labels == ["first", "", ""])
  }

  @Test func `rejects inputs that are unknown, missing, or of another shape or type`() throws {
    let wide = Tensor([1, 2], shape: [1, 1, 1, 2])
    let bools = unsafe Tensor(elementType: .bool, shape: [1, 1, 2, 1]) { _ in }
    let cases: [([String: Tensor], GraphError.Code)] = [
      (["z": x, "m": m], .undefinedValue), (["x": x], .unboundSize),
      (["x": x, "m": wide], .badShape), (["x": x, "m": bools], .badType),
    ]
    for (inputs, code) in cases {
      let interpreter = try interpreter()
      let fault = #expect(throws: GraphError.self) { _ = try interpreter.run(inputs) }
      #expect(fault?.code == code)
    }
  }
}
