import GraphIR
import ModelFile
import TensorCore
import Testing

@testable import GraphPasses
@testable import ModelChecking

struct FaultSearchTests {
  private func search(_ fault: SmallNetwork.Fault) throws -> FaultSearch {
    try FaultSearch(
      .init(
        imported: SmallNetwork.imported(), stored: SmallNetwork.stored(fault),
        inputs: SmallNetwork.inputs, expected: ["output": SmallNetwork.output()]),
      model: "small")
  }

  @Test
  func `finds every stage of a sound model within tolerance`() throws {
    let found = try search(.init())
    #expect(found.culprit == nil)
    #expect(found.stages.map(\.name).first == "import")
    #expect(found.stages.map(\.name).suffix(2) == ["model file", "runtime"])
    #expect(found.fileDifferences.isEmpty)
  }

  @Test
  func `names the layer of a weight changed by 1 percent`() throws {
    let found = try search(.init(weightFactor: 1.01))
    #expect(found.culprit?.name == "model file")
    #expect(found.culprit?.firstLayer == "second")
    #expect(found.fileDifferences.contains { $0.contains("second.weight") })
  }

  @Test
  func `names the layer of a wrong epsilon, a transposed kernel and a shift before the mask`()
    throws
  {
    for fault in [
      SmallNetwork.Fault(epsilon: 1e-5), .init(transposesKernel: true),
    ] {
      let found = try search(fault)
      #expect(found.culprit?.name == "model file")
      #expect(found.culprit?.firstLayer == "first")
    }
    #expect(try search(.init(shiftsBeforeMask: true)).culprit?.name == "model file")
  }

  @Test
  func `blames the import when the checkpoint is not what the framework ran`() throws {
    var values = try SmallNetwork.output().floatArray
    values[5] += 0.1
    let expected = Tensor(values, shape: [1, 3, 16, 16])
    let found = try FaultSearch(
      .init(
        imported: SmallNetwork.imported(), stored: SmallNetwork.stored(),
        inputs: SmallNetwork.inputs, expected: ["output": expected]), model: "small")
    #expect(found.culprit?.name == "import")
  }

  @Test
  func `names the pass and the rewrite that change a result`() throws {
    let wrong = GraphPass("steepen-activations", .exact) { context throws(GraphError) in
      for (index, node) in context.graph.nodes.enumerated() where node.operation is LeakyReLU {
        context.rewrite(
          at: index, LeakyReLU(slope: 0.3), node.inputs, label: "first", "steeper after 'first'")
      }
    }
    let pipeline = PassPipeline([collapseMasks, wrong, fusePartialConvolution])
    let found = try FaultSearch(
      .init(
        imported: SmallNetwork.imported(), stored: SmallNetwork.stored(), pipeline: pipeline,
        inputs: SmallNetwork.inputs), model: "small")
    #expect(found.culprit?.name == "steepen-activations")
    #expect(found.culprit?.firstLayer == "first")
    #expect(found.culprit?.rewrite == "steeper after 'first'")
  }

  @Test
  func `compares layers alone and one after the other`() throws {
    let sound = try SmallNetwork.stored().graph
    let trace = try LayerTrace(layersOf: sound)
    let layers = trace.layers(try GraphRunner.runtime(trace.graph).run(SmallNetwork.inputs))
    #expect(Set(layers.keys).isSuperset(of: ["first", "second"]))
    var references = References()
    for (name, tensor) in layers { try references.add(ReferenceArray(name, tensor)) }
    func status(_ fault: SmallNetwork.Fault, _ mode: LayerCheck.Mode) throws -> [String: String] {
      let report = try LayerCheck.run(
        SmallNetwork.stored(fault).graph, inputs: SmallNetwork.inputs, references: references,
        renamed: [:], mode: mode, model: "small", .init())
      return Dictionary(uniqueKeysWithValues: report.arrays.map { ($0.name, $0.status.rawValue) })
    }
    try references.add(ReferenceArray("third", Tensor(scalar: 1)))
    #expect(
      try status(.init(), .cumulative) == [
        "first": "passed", "second": "passed", "memory 'third'": "unchecked",
      ])
    references = References()
    try references.add(ReferenceArray("first", #require(layers["first"])))
    #expect(try status(.init(), .isolated) == ["first": "passed", "second": "unchecked"])
    try references.add(ReferenceArray("second", #require(layers["second"])))
    #expect(try status(.init(), .cumulative) == ["first": "passed", "second": "passed"])
    let fault = SmallNetwork.Fault(epsilon: 1e-5)
    #expect(try status(fault, .cumulative) == ["first": "differs", "second": "differs"])
    #expect(try status(fault, .isolated) == ["first": "differs", "second": "passed"])
  }
}
