import GraphIR
import GraphPasses
import Testing

@Suite struct GoldenTests {
  private static let passes = PassRegistry.all + NarrowingPasses.all
  private static let cases = passes.flatMap { GoldenFile.cases(of: $0.name) }

  private func pipeline(_ golden: GoldenFile.Case) throws -> (PassPipeline, GraphPass) {
    let pass = try #require(Self.passes.first { $0.name == golden.pass })
    return (PassPipeline([pass]), pass)
  }

  @Test(arguments: cases)
  func `rewrites the given text to the result`(_ golden: GoldenFile.Case) throws {
    let (pipeline, _) = try pipeline(golden)
    let (after, records) = try pipeline.run(golden.graph(golden.given))
    guard !GoldenFile.isBlessing else { return }
    #expect(GraphPrinter.text(after.graph) == golden.result)
    #expect(records[0].rewrites.isEmpty == golden.isKept)
    #expect((golden.given == golden.result) == golden.isKept)
  }

  @Test(arguments: cases)
  func `keeps the numbers`(_ golden: GoldenFile.Case) throws {
    let (pipeline, pass) = try pipeline(golden)
    let before = try golden.graph(golden.given)
    let after = try pipeline.run(before).graph
    for seed in UInt64(0)..<4 {
      let tolerance: Float = pass.exactness == .narrows ? 3e-2 : 1e-6
      try PassCheck(
        before: before, after: after, exactness: pass.exactness, tolerance: tolerance
      ).run(seed: seed)
    }
  }

  @Test(arguments: cases)
  func `rewrites nothing the second time`(_ golden: GoldenFile.Case) throws {
    let (pipeline, _) = try pipeline(golden)
    let once = try pipeline.run(golden.graph(golden.given)).graph
    let (twice, records) = try pipeline.run(once)
    #expect(records[0].rewrites.isEmpty)
    #expect(twice == once)
  }

  @Test(arguments: passes.map(\.name))
  func `has a case that rewrites and a case that keeps`(_ pass: String) throws {
    let cases = GoldenFile.cases(of: pass)
    #expect(cases.contains { $0.isKept } && cases.contains { !$0.isKept })
    guard GoldenFile.isBlessing else { return }
    let blessed = try cases.map { golden in
      let given = try golden.graph(golden.given)
      let result = try pipeline(golden).0.run(given).graph
      return GoldenFile.Case(
        pass: pass, title: golden.title, given: GraphPrinter.text(given.graph),
        result: GraphPrinter.text(result.graph))
    }
    try GoldenFile.write(blessed, of: pass)
    Issue.record("wrote Golden/\(pass).txt; read it, then run again without PCONV_BLESS")
  }

  @Test func `lists passes sorted by name, all of them in the standard pipeline`() {
    let names = PassRegistry.all.map(\.name)
    #expect(names == names.sorted())
    #expect(Set(PassPipeline.standard.passes.map(\.name)) == Set(names))
  }
}
