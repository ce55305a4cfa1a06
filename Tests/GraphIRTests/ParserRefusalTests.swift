import GraphIR
import TensorCore
import Testing

@Suite struct ParserRefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let line: Int
    let code: GraphError.Code
    let text: String
    var testDescription: String { text }
  }

  private static func body(_ line: String, _ code: GraphError.Code = .syntax) -> Case {
    Case(line: 2, code: code, text: "graph @g(%0 x: f32[1,1,4,4]) -> (%1 y) {\n\(line)\n}")
  }

  private static func head(_ type: String) -> Case {
    Case(line: 1, code: .syntax, text: "graph @g<H % 2>(%0 x: \(type)) -> (%0 y) {\n}")
  }

  static let cases: [Case] = [
    Case(line: 1, code: .syntax, text: ""),
    Case(line: 1, code: .syntax, text: "graph unet"),
    Case(line: 1, code: .syntax, text: "graph @g<H % 0>() -> () {}"),
    Case(line: 3, code: .syntax, text: "graph @g(\n%0 x:\nf33[1]) -> () {}"),
    head("f32[1,1,é,4]"), head("f32[H*1099511627775]"), head("f32[H*99999*99999]"),
    head("f32[H/2147483647/2147483647]"), head("f32[-1]"), head("f32[H+]"), head("f32[½]"),
    body("%1 = relu %x"), body("%4294967296 = relu %0"), body("%4294967295 = relu %0"),
    body("%1 = relu %0 \"open"), body("%1 = clip %0 {minimum=}"), body("%1 relu %0"),
    body("%1 = fill {shape=[1,x], value=1}"),
    body("%1 = fill {shape=[0.5], value=1}", .badAttribute),
    body("%1 = clip %0 {minimum=1e, maximum=2}"), body("%1 = fill {value=99..1}"),
    body("%1 = rel %0", .unknownOperation), body("%1 = relu %0 {slope=1}", .badAttribute),
    body("%1 = clip %0 {minimum=0}", .badAttribute),
    body("%1 = constant @w : f32[2]", .badShape), body("%1 = constant @w : i32[3]", .badShape),
    body("%1 = constant @v : f32[3]", .undefinedValue),
  ]

  @Test(arguments: cases)
  func `rejects a faulty text and names the line`(_ given: Case) throws {
    let constants = ["w": EveryOperation.tensor([3])]
    let fault = #expect(throws: GraphError.self) {
      try GraphParser.parse(given.text, constants: constants)
    }
    #expect(fault?.code == given.code)
    #expect(fault?.message.hasPrefix("line \(given.line): ") == true, "\(fault?.message ?? "")")
  }

  @Test func `survives every truncation`() throws {
    let graph = try EveryOperation.graph()
    let text = GraphPrinter.text(graph)
    let constants = EveryOperation.tensors(graph)
    for end in text.indices.dropLast(2) {
      #expect(throws: GraphError.self) {
        try GraphParser.parse(String(text[..<end]), constants: constants)
      }
    }
  }

  @Test func `survives every change of one character`() throws {
    let graph = try EveryOperation.graph()
    let constants = EveryOperation.tensors(graph)
    let text = Array(GraphPrinter.text(graph))
    var accepted = 0
    for (index, replacement) in zip(text.indices, Self.replacements) {
      for change in [replacement, nil] as [Character?] {
        var changed = text
        changed.replaceSubrange(index...index, with: change.map { [$0] } ?? [])
        guard let parsed = try? GraphParser.parse(String(changed), constants: constants) else {
          continue
        }
        _ = GraphPrinter.text(parsed)
        accepted += (try? VerifiedGraph(parsed)) == nil ? 0 : 1
      }
    }
    #expect(accepted > 0)
  }

  private static let replacements = sequence(state: 0) { (index: inout Int) -> Character? in
    let characters = Array("%@\"{}[]()<>=:,-+*/.é½0x\\ \n")
    index += 1
    return characters[index * 7 % characters.count]
  }
}
