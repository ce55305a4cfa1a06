import GraphIR
import GraphPasses
import TensorCore
import Testing

@Suite struct NarrowLayersTests {
  /// Three layers one after the other, an addition, a pool and a layer of one channel.
  private func network() throws -> VerifiedGraph {
    var graph = Graph(name: "g")
    let (batch, side): (Dimension, Dimension) = (.fixed(1), .fixed(8))
    let image = graph.addInput("image", .image(batch, 3, side, side))
    func convolve(_ value: ValueID, _ shape: [Int], _ label: String) throws -> ValueID {
      let count = Tensor.elementCount(of: shape)
      let weights = graph.addConstant(
        "\(label).weight", Tensor((0..<count).map { Float($0 % 7) - 3 }, shape: shape))
      let operation = PartialConvolution(
        parts: [.init(isMasked: false)],
        convolution: Convolution(padding: Array(repeating: shape[2] / 2, count: 4)))
      return try graph.apply(operation, value, weights, label: label)
    }
    let first = try convolve(image, [8, 3, 3, 3], "first")
    let second = try convolve(first, [8, 8, 3, 3], "second")
    let sum = try graph.apply(Add(), first, second)
    let third = try convolve(sum, [8, 8, 3, 3], "third")
    let thin = try convolve(third, [8, 8, 1, 1], "thin")
    graph.addOutput("y", try convolve(thin, [3, 8, 3, 3], "last"))
    return try VerifiedGraph(graph)
  }

  @Test func `keeps the first layer, the last one and those that reuse little`() throws {
    let layers = NarrowLayers(try network().graph).all
    #expect(layers.map(\.name) == ["first", "second", "third", "thin", "last"])
    #expect(layers.map { $0.reasonToKeep == nil } == [false, true, true, false, false])
    #expect(layers[0].reasonToKeep == "it reads the network's input alone")
    #expect(layers[3].reasonToKeep == "each number it reads is multiplied 8 times only")
    #expect(layers[4].reasonToKeep == "it makes the network's output")
    #expect(layers.allSatisfy { !$0.isImpossible })
  }

  @Test func `names pictures as their layers, and the same after narrowing`() throws {
    let graph = try network()
    let range = try Quantization(scale: 100, zeroPoint: 128)
    let plan = NarrowingPlan(
      requested: .int8, layers: ["second": .int8, "third": .bfloat16],
      quantizations: ["first": range])
    let (narrow, records) = try PassPipeline.narrowing(plan).run(graph)
    #expect(records.map(\.name) == ["narrow-to-int8", "narrow-to-bf16", "fuse-narrow"])
    #expect(NarrowLayers(narrow.graph).all.map(\.name) == NarrowLayers(graph.graph).all.map(\.name))
    let names = PictureNames(narrow.graph)
    #expect(narrow.graph.nodes.compactMap { names[$0.results[0]] }.contains("add"))
    let layers = narrow.graph.nodes.filter { $0.operation is PartialConvolution }
    #expect(
      layers.map { narrow.precision(of: $0) } == [.float32, .int8, .bfloat16, .float32, .float32])
  }

  @Test func `keeps a layer whose picture has no range, and says so`() throws {
    let plan = NarrowingPlan(requested: .int8, layers: ["third": .int8], kept: [("thin", "why")])
    let (narrow, records) = try PassPipeline.narrowing(plan).run(try network())
    #expect(records[0].rewrites.isEmpty)
    #expect(
      records[0].kept == [
        "'third' stays f32: the range of its picture 'add' is not known", "'thin' stays f32: why",
      ])
    #expect(narrow.graph.nodes.count == 6)
  }

  @Test(arguments: WeightScaling.allCases)
  func `rounds weights to within half a step by channel`(_ scaling: WeightScaling) throws {
    let values: [Float] = [0.1, -0.5, 127, 3.2, 0, 0, 0, 0, 1e-20, -2e-20, 1e-20, 0]
    let narrow = ScaledWeights(Tensor(values, shape: [3, 4, 1, 1]), scaling)
    #expect(narrow.scales.allSatisfy { $0 > 0 } && narrow.scales[1] == 1)
    for (index, value) in narrow.values.floatArray.enumerated() where scaling == .minmax {
      #expect(abs(value - values[index]) <= narrow.scales[index / 4] / 2)
    }
    let integers = narrow.weights.convertedToFloat32().floatArray
    #expect(integers[2] == 127 || scaling == .mse)
    #expect(narrow.weights.elementType == .int8)
  }

  @Test func `keeps weights that are not finite`() throws {
    var graph = try network().graph
    let index = try #require(graph.constants.firstIndex { $0.name == "second.weight" })
    graph.constants[index].tensor = Tensor(
      [Float](repeating: .nan, count: 576), shape: [8, 8, 3, 3])
    let layer = NarrowLayers(graph).all[1]
    #expect(layer.isImpossible && layer.reasonToKeep == "its weights are not finite")
    let plan = NarrowingPlan(
      requested: .bfloat16, layers: ["second": .bfloat16], storedWeights: .int8)
    let records = try PassPipeline.narrowing(plan).run(VerifiedGraph(graph)).records
    #expect(records[0].kept == ["'second' stays f32: its weights are not finite"])
    #expect(records[1].rewrites.count == 4)
  }
}
