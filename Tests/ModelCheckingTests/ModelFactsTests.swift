import Foundation
import GraphIR
import ModelFile
import TensorCore
import Testing

@testable import ModelChecking

struct ModelFactsTests {
  @Test
  func `shows layers, parameters, passes and memory`() throws {
    let facts = ModelInspection(try SmallNetwork.stored(), model: "small.pcm")
    #expect(facts.layers.contains { $0.name == "first" && $0.operation == "partial_conv" })
    #expect(facts.passes.contains { $0.name == "fold-batch-norm" && $0.rewrites == 2 })
    #expect(facts.parameters >= 4 * 27 + 3 * 36)
    #expect(facts.multiplies > 0)
    #expect((facts.memory?.activations ?? 0) > 0)
    #expect(facts.text.contains("fold-batch-norm (reassociates)"))
    #expect(try JSONEncoder().encode(facts).count > 100)
  }

  @Test
  func `names the tensor in which two models differ`() throws {
    let sound = try SmallNetwork.stored()
    #expect(ModelDifference(sound, sound, names: ("a", "b")).isEmpty)
    let other = try SmallNetwork.stored(.init(weightFactor: 1.01))
    let difference = ModelDifference(sound, other, names: ("a", "b"))
    #expect(difference.differences.count == 1)
    #expect(difference.text.contains("tensor 'second.weight' [3, 4, 3, 3] differs in 1 values"))
  }

  @Test
  func `agrees with the interpreter on every instruction set, tier and number of threads`() throws {
    let report = try VariantCheck.run(
      SmallNetwork.stored().graph, inputs: [SmallNetwork.inputs],
      variants: VariantCheck.variants(threads: [1, 2, 3]), model: "small")
    #expect(report.verdict == .passed)
    #expect(report.passed % 9 == 0 && report.passed >= 9)
  }

  @Test
  func `writes a page that needs no other file`() throws {
    var references = References()
    for (name, tensor) in SmallNetwork.inputs { try references.add(ReferenceArray(name, tensor)) }
    try references.add(ReferenceArray("output", SmallNetwork.output()))
    let graph = try SmallNetwork.stored(.init(epsilon: 1e-5)).graph
    let report = try OutputCheck.run(
      graph, on: .runtime(graph), ReferencePairing(references, for: graph.graph, .init()),
      model: "<small>", against: "memory", .init(keepsMaps: true))
    let page = HTMLReport.page(report)
    #expect(page.contains("data:image/png;base64,iVBOR"))
    #expect(page.contains("<svg") && page.contains("&lt;small&gt;"))
    #expect(!page.contains("src=\"http"))
  }
}
