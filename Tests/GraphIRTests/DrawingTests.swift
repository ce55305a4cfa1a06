import Foundation
import FoundationXML
import Testing

@testable import GraphIR

@Suite struct DrawingTests {
  private static let small = """
    graph @small(%0 x: f32[N,2,H,W], %1 mask: f32[N,1,H,W]) -> (%4 y) {
      %2 = multiply %0, %1 : f32[N,2,H,W] "first"
      %3 = relu %2 : f32[N,2,H,W]
      %4 = add %3, %0 : f32[N,2,H,W]
    }

    """

  /// Reads the picture as XML and gives the `id` and the text of each group.
  private final class Reader: NSObject, XMLParserDelegate {
    private(set) var texts: [String: [String]] = [:]
    private(set) var error: (any Error)?
    private var group = ""
    private var isText = false

    init(_ svg: String) {
      super.init()
      let parser = XMLParser(data: Data(svg.utf8))
      parser.delegate = self
      if !parser.parse() { error = parser.parserError }
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      if name == "g", let id = attributes["id"] {
        group = id
        texts[id] = []
      }
      isText = name == "text"
      if isText { texts[group]?.append("") }
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
      qualifiedName: String?
    ) { isText = false }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      guard isText, let last = texts[group]?.indices.last else { return }
      texts[group]?[last] += string
    }
  }

  /// With `PCONV_BLESS=1` the files are rewritten, and the test fails once.
  @Test(arguments: ["small.svg", "small.dot"])
  func `draws a small graph as the golden file has it`(_ name: String) throws {
    let graph = try VerifiedGraph(GraphParser.parse(Self.small, constants: [:])).graph
    let text =
      name.hasSuffix("svg") ? GraphSVGPrinter.text(graph) : GraphDotPrinter.text(graph)
    let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["PCONV_BLESS"] == "1" {
      try text.write(to: golden, atomically: true, encoding: .utf8)
      Issue.record("wrote \(name); look at it, then run again without PCONV_BLESS")
    } else {
      #expect(try text == String(contentsOf: golden, encoding: .utf8))
    }
  }

  @Test func `draws every port and every node but fills as well-formed XML, the same each time`()
    throws
  {
    let graph = try VerifiedGraph(EveryOperation.graph()).graph
    let svg = GraphSVGPrinter.text(graph)
    let reader = Reader(svg)
    #expect(reader.error == nil)
    for (index, node) in graph.nodes.enumerated() {
      let isFill = node.operation is Fill
      #expect(reader.texts["n\(index)"]?.first == (isFill ? nil : node.operation.mnemonic))
    }
    for input in graph.inputs {
      #expect(reader.texts["in_\(input.value.rawValue)"]?.first == input.name)
    }
    for (index, output) in graph.outputs.enumerated() {
      #expect(reader.texts["out_\(index)"]?.first == output.name)
    }
    #expect(svg == GraphSVGPrinter.text(graph))
  }

  @Test func `writes names of any characters`() throws {
    var graph = Graph(name: "</svg>&\"\u{1}")
    let type = ValueType.image(.fixed(1), 1, .fixed(1), .fixed(1))
    let x = graph.addInput("<x>", type)
    let label = "a<b & \"c\" \u{0}\u{FFFF}" + String(repeating: "long", count: 40)
    graph.addOutput("]]>", try graph.apply(ReLU(), x, label: label))
    graph.addOutput("]]> again", graph.nodes[0].results[0])
    let reader = Reader(GraphSVGPrinter.text(graph))
    #expect(reader.error == nil)
    #expect(reader.texts["in_0"]?.first == "<x>")
    #expect(reader.texts["out_0"]?.first == "]]>" && reader.texts["out_1"]?.first == "]]> again")
    let drawn = try #require(reader.texts["n0"]?[1])
    #expect(drawn.hasPrefix("a<b & \"c\" \u{FFFD}\u{FFFD}long") && drawn.count == 44)
  }

  @Test(arguments: UInt64(0)..<30)
  func `places boxes apart, edges downwards and lanes beside what they pass`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...60, using: &random)
    let sizes = (0..<count).map { _ in
      (Int.random(in: 20...300, using: &random), Int.random(in: 20...60, using: &random))
    }
    var edges: [(from: Int, to: Int)] = []
    for box in 0..<count where box > 0 {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        edges.append((Int.random(in: 0..<box, using: &random), box))
      }
    }
    let layout = LayeredLayout(sizes: sizes, edges: edges)
    let frames = layout.frames
    for (index, frame) in frames.enumerated() {
      #expect(frame.x >= 0 && frame.x + frame.width <= layout.width)
      #expect(frame.y >= 0 && frame.y + frame.height <= layout.height)
      for other in frames[..<index] {
        let isApart =
          frame.x + frame.width <= other.x || other.x + other.width <= frame.x
          || frame.y + frame.height <= other.y || other.y + other.height <= frame.y
        #expect(isApart, "seed \(seed)")
      }
    }
    for (edge, lane) in zip(edges, layout.lanes) {
      let (top, bottom) = (frames[edge.from].y + frames[edge.from].height, frames[edge.to].y)
      #expect(top < bottom, "seed \(seed)")
      let passed = frames.filter { $0.y >= top && $0.y + $0.height <= bottom }
      #expect(passed.allSatisfy { $0.x + $0.width < lane ?? 0 }, "seed \(seed)")
    }
  }
}
