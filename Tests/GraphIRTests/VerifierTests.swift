import GraphIR
import TensorCore
import Testing

@Suite struct VerifierTests {
  private func faults(_ text: String) throws -> [VerificationError.Fault] {
    let constants = ["w": EveryOperation.tensor([2, 3, 3, 3])]
    let graph = try GraphParser.parse(text, constants: constants)
    let error = #expect(throws: VerificationError.self) { try VerifiedGraph(graph) }
    return error?.faults ?? []
  }

  @Test func `reports all faults at once, each with its printed line`() throws {
    let found = try faults(
      """
      graph @bad(%0 x: f32[N,3,H,W], %1 x: f32[N,4,H,W]) -> (%9 y, %90 y) {
        %2 = constant @w : f32[2,3,3,3]
        %2 = constant @w : f32[2,3,3,3]
        %4 = relu %70
        %5 = relu %6 "late"
        %6 = relu %0
        %6 = tanh %0
        %7 = add %0
        %8 = convolution %1, %2 {dilation=[1,1], groups=1, padding=[0,0,0,0], stride=[1,1]}
        %9, %10 = relu %0
        %11 = add %0, %1
        %12 = change_layout %0 {layout=nchw}
      }
      """)
    let expected: [(GraphError.Code, String)] = [
      (.duplicateValue, "constant @w"), (.duplicateName, "input 'x'"),
      (.duplicateName, "constant 'w'"), (.duplicateName, "output 'y'"),
      (.badOrder, "%4 = relu %70"), (.badOrder, "%5 = relu %6 \"late\""),
      (.duplicateValue, "%6 = tanh %0 : f32[N,3,H,W]"), (.badInputCount, "%7 = add %0"),
      (
        .badShape,
        "%8 = convolution %1, %2 {dilation=[1,1], groups=1, padding=[0,0,0,0], stride=[1,1]}"
      ),
      (.badType, "%9, %10 = relu %0"), (.badShape, "%11 = add %0, %1"),
      (.badType, "%12 = change_layout %0 {layout=nchw}"), (.undefinedValue, "output 'y'"),
    ]
    for (code, place) in expected {
      #expect(found.contains { $0.error.code == code && $0.place == place }, "\(code) \(place)")
    }
    #expect(found.count == expected.count)
  }

  @Test func `rejects a graph without outputs`() throws {
    let found = try faults("graph @none() -> () {}")
    #expect(found.map(\.error.code) == [.missingOutput])
  }

  @Test func `rejects inputs too large to address and pictures without four axes`() throws {
    var graph = Graph(name: "big")
    for length in [1 << 31, 1 << 31 + 1, .max] {
      let type = ValueType(.float32, [.fixed(length)], layout: .plain)
      graph.addOutput("y\(length)", graph.addInput("x\(length)", type))
    }
    let symbol = Dimension.symbol(Symbol("H", multiple: 1 << 20)).multiplied(by: 1 << 20)
    let type = ValueType(.float32, [try #require(symbol)], layout: .plain)
    graph.addOutput("h", graph.addInput("h", type))
    let picture = ValueType(.float32, [.fixed(2), .fixed(2)], layout: .nchw)
    graph.addOutput("picture", graph.addInput("picture", picture))
    let error = #expect(throws: VerificationError.self) { try VerifiedGraph(graph) }
    #expect(error?.faults.map(\.error.code) == [.badShape, .badShape, .badShape, .badType])
  }

  @Test(arguments: [
    ("%1 = upsample_nearest %0 {factor=[64,64]}", 14, "f32[1,1,H,W]"),
    ("%1 = upsample_nearest %0 {factor=[64,64]}", 14, "f32[1,1,8,8]"),
    ("%1 = pad %0 {border=[4096,4096,4096,4096], mode=zero}", 9, "f32[1,1,2147483640,H]"),
  ])
  func `rejects a chain that grows without bound`(_ line: String, _ count: Int, _ type: String)
    throws
  {
    let lines = (0..<count).map { index in
      line.replacing("%1", with: "%\(index + 1)").replacing("%0", with: "%\(index)")
    }
    let text = "graph @g<H % 2147483647>(%0 x: \(type)) -> (%\(count) y) {\n"
    let found = try faults((text + lines.joined(separator: "\n") + "\n}"))
    #expect(found.first?.error.code == .badShape)
  }

  @Test(arguments: [1, 2, 4095, 65536])
  func `rejects a chain of strides without bound`(_ multiple: Int) throws {
    let lines = (0..<9).map { index in
      "%\(index + 1) = convolution %\(index), %100 "
        + "{dilation=[4096,4095], groups=1, padding=[4096,0,1,4095], stride=[4095,4093]}"
    }
    let text = """
      graph @g<H % \(multiple)>(%0 x: f32[1,1,H,W]) -> (%9 y) {
      %100 = constant @w : f32[1,1,3,3]
      \(lines.joined(separator: "\n"))
      }
      """
    let graph = try GraphParser.parse(text, constants: ["w": EveryOperation.tensor([1, 1, 3, 3])])
    let error = #expect(throws: VerificationError.self) { try VerifiedGraph(graph) }
    #expect(error?.faults.first?.error.code == .badShape)
  }

  @Test func `rejects kernels without cells and more groups than channels`() throws {
    for (shape, groups) in [
      ([0, 3, 1, 1], 1), ([0, 3, 1, 1], 1_000_000), ([2, 3, 0, 1], 1), ([1, 3, 5000, 1], 1),
      ([2, 1, 1, 1], 3),
    ] {
      var graph = Graph(name: "g")
      let x = graph.addInput("x", .image(.fixed(1), 3, .fixed(9), .fixed(9)))
      let kernel = graph.addConstant("w", EveryOperation.tensor(shape))
      let fault = #expect(throws: GraphError.self) {
        try graph.apply(Convolution(groups: groups), x, kernel)
      }
      #expect(fault?.code == .badShape)
    }
  }
}
