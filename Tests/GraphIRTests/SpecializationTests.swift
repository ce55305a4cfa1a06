import GraphIR
import TensorCore
import Testing

@Suite struct SpecializationTests {
  private func graph() throws -> VerifiedGraph {
    try VerifiedGraph(
      GraphParser.parse(
        """
        graph @g<H % 2>(%0 x|image: f32[N,3,H,W], %1 half: f32[N,1,H/2,4]) -> (%2 y) {
          %2 = relu %0
        }
        """))
  }

  @Test func `fixes every size`() throws {
    let fixed = try graph().specialized(to: ["x": [2, 3, 6, 5], "half": [2, 1, 3, 4]])
    #expect(fixed.type(of: ValueID(2)).fixedShape == [2, 3, 6, 5])
    #expect(try graph().input(named: "image")?.name == "x")
  }

  @Test(arguments: [
    ([2, 3, 5, 5], [2, 1, 3, 4]), ([2, 3, 6, 5], [1, 1, 3, 4]), ([2, 4, 6, 5], [2, 1, 3, 4]),
    ([2, 3, 6], [2, 1, 3, 4]), ([2, 3, 0, 5], [2, 1, 0, 4]), ([2, 3, 6, 5], [2, 1, 2, 4]),
    ([2, 3, .max - 1, 5], [2, 1, 3, 4]), ([-2, 3, 6, 5], [-2, 1, 3, 4]),
  ])
  func `rejects shapes that do not fit`(_ x: [Int], _ half: [Int]) throws {
    let graph = try graph()
    let fault = #expect(throws: GraphError.self) {
      try graph.specialized(to: ["x": x, "half": half])
    }
    #expect(fault?.code == .badShape)
  }

  @Test func `rejects a missing input`() throws {
    let graph = try graph()
    let fault = #expect(throws: GraphError.self) { try graph.specialized(to: ["x": [1, 3, 2, 2]]) }
    #expect(fault?.code == .unboundSize)
  }
}
