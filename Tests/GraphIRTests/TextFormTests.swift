import GraphIR
import TensorCore
import Testing

@Suite struct TextFormTests {
  @Test func `prints every operation so that reading gives an equal graph`() throws {
    let graph = try EveryOperation.graph()
    #expect(
      Set(graph.nodes.map(\.operation.mnemonic)) == Set(OperationRegistry.all.map { $0.mnemonic }))
    let verified = try VerifiedGraph(graph)
    let text = GraphPrinter.text(verified.graph)
    let parsed = try GraphParser.parse(text, constants: EveryOperation.tensors(graph))
    #expect(parsed == graph)
    #expect(try VerifiedGraph(parsed) == verified)
    #expect(GraphPrinter.text(try VerifiedGraph(parsed).graph) == text)
  }

  @Test func `prints the form that the documentation shows`() throws {
    var graph = Graph(name: "unet")
    let height = Dimension.symbol(Symbol("H", multiple: 2))
    let x = graph.addInput(
      "image", .image(.symbol(Symbol("N")), 3, height, .fixed(8)), aliases: ["inputs_img"])
    let weights = graph.addConstant("enc_1.weight", EveryOperation.tensor([4, 3, 7, 7]))
    let convolution = Convolution(stride: [2, 2], padding: [3, 3, 3, 3])
    let y = try graph.apply(convolution, x, weights, label: "enc_1")
    graph.addOutput("output", try graph.apply(ReLU(), y))
    #expect(
      GraphPrinter.text(graph) == """
        graph @unet<H % 2>(%0 image|inputs_img: f32[N,3,H,8]) -> (%3 output) {
          %1 = constant @enc_1.weight : f32[4,3,7,7]
          %2 = convolution %0, %1 {dilation=[1,1], groups=1, padding=[3,3,3,3], stride=[2,2]} \
        : f32[N,4,H/2,4] "enc_1"
          %3 = relu %2 : f32[N,4,H/2,4]
        }

        """)
  }

  @Test(
    arguments: [
      0, -0.0, 1, -1, 0.1, 1e-8, -0x1p-149, 3.4028235e38, 1e16, .infinity, -.infinity,
    ] as [Float])
  func `reads back the bits of every printed number`(_ value: Float) throws {
    var graph = Graph(name: "")
    graph.addOutput("y", try graph.apply(Fill.scalar(value)))
    let parsed = try GraphParser.parse(GraphPrinter.text(graph))
    let fill = try #require(parsed.nodes[0].operation as? Fill)
    #expect(fill.value.bitPattern == value.bitPattern)
  }

  @Test(arguments: [
    "H", "H/2", "H*2", "H*3/2", "(N-1)/2", "(H-2)/4", "(H*3+2)/4", "H+3", "H*2-2", "7",
  ])
  func `reads back every form of a length`(_ length: String) throws {
    let text = """
      graph @sizes<H % 2>(%0 x: f32[1,1,\(length),H] nhwc, %1 b: bool[]) -> (%0 y) {
      }

      """
    #expect(GraphPrinter.text(try GraphParser.parse(text)) == text)
  }

  @Test func `reads integers where a number is wanted, and lines in any ending`() throws {
    let text =
      "graph @g()->(%0 y){\r\n%0 = fill {shape=[1 1 1 1] value=-2}\r\n%1 = relu %0 relu\r\n}"
    let fault = #expect(throws: GraphError.self) { try GraphParser.parse(text) }
    #expect(fault?.message.hasPrefix("line 3: ") == true)
    let whole = try GraphParser.parse(text.replacing("%0 relu", with: "%0"))
    #expect((whole.nodes[0].operation as? Fill)?.value == -2)
  }

  @Test func `prints a graph that makes a value twice`() throws {
    let text = """
      graph @g(%0 x: f32[1,1,2,2]) -> (%1 y) {
        %1 = relu %0 : f32[1,1,2,2]
        %1 = tanh %0 : f32[1,1,2,2]
      }

      """
    #expect(GraphPrinter.text(try GraphParser.parse(text)) == text)
  }
}
