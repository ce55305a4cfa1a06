package import GraphIR
package import GraphPasses
package import InferenceRuntime
package import ModelFile
package import TensorCore

/// Finds where a model goes wrong: the first layer, and the stage of its making that caused it.
///
/// The checkpoint is imported again and optimised pass by pass; every stage is computed by the
/// scalar meaning on the same inputs and compared with the imported graph, at the network's outputs
/// and at each layer that both have.
package struct FaultSearch: Sendable, Encodable {
  /// A stage and how far its outputs are from the imported graph's.
  package struct Stage: Sendable, Encodable {
    /// `import`, the name of a pass, `model file`, or `runtime`.
    package let name: String
    package let passed: Bool
    /// Of the largest magnitude; the worst of the outputs. Absent when a value is not finite.
    package let maxRelative: Double?
    /// The first layer past its tolerance, in the order of the graph.
    package let firstLayer: String?
    /// Rewrites up to and with the one at fault, as `--stop-after` counts them.
    package var firstRewrite: Int?
    /// What that rewrite did.
    package var rewrite: String?
  }

  package let schema = 1
  package let model: String
  package private(set) var stages: [Stage] = []
  /// Differences between the file and what the checkpoint gives now.
  package private(set) var fileDifferences: [String] = []

  private enum CodingKeys: String, CodingKey { case schema, model, stages, fileDifferences }

  /// The first stage past tolerance; nil when there is none.
  package var culprit: Stage? { stages.first { !$0.passed } }

  /// What is known at the start.
  package struct Subject: Sendable {
    package let imported: VerifiedGraph
    package let stored: StoredModel
    package let pipeline: PassPipeline
    package let inputs: [String: Tensor]
    /// Outputs of the framework, by name, where there are such.
    package let expected: [String: Tensor]
    /// The framework's layers, by the labels and in the order of axes of `imported`, where there
    /// are such.
    package let layers: [String: Tensor]
    package let tolerances: ToleranceTable
    /// The numeric tier of the last stage.
    package let tier: NumericTier

    /// - Parameter pipeline: the passes that made `stored`; as its file records them when nil.
    package init(
      imported: VerifiedGraph, stored: StoredModel, pipeline: PassPipeline? = nil,
      inputs: [String: Tensor], expected: [String: Tensor] = [:], layers: [String: Tensor] = [:],
      tolerances: ToleranceTable = ToleranceTable(), tier: NumericTier = .near
    ) {
      self.imported = imported
      self.stored = stored
      self.pipeline = pipeline ?? Self.recordedPipeline(stored) ?? .standard
      self.inputs = inputs
      self.expected = expected
      self.layers = layers
      self.tolerances = tolerances
      self.tier = tier
    }

    /// The passes that the file names; nil when it names none, or one that there is no more.
    private static func recordedPipeline(_ stored: StoredModel) -> PassPipeline? {
      let passes = stored.provenance.passes.map { PassRegistry.pass(named: $0.name) }
      let known = passes.compactMap(\.self)
      return known.isEmpty || known.count < passes.count ? nil : PassPipeline(known)
    }
  }

  /// - Parameter progress: called with the name of each stage before it is computed.
  /// - Throws: `.mismatch` when the network does not take the inputs, `.internalFault` when a pass
  ///   breaks the graph.
  package init(
    _ subject: Subject, model: String, progress: (String) -> Void = { _ in }
  ) throws(CheckError) {
    self.model = model
    let (final, records) = try Self.optimise(subject)
    progress("import")
    let origin = try Origin(subject.imported, subject.inputs)
    if !subject.expected.isEmpty || !subject.layers.isEmpty {
      stages.append(try origin.importStage(subject))
    }
    var lineage = [subject.imported]
    for record in records {
      progress(record.name)
      lineage.append(record.graph)
      guard !record.rewrites.isEmpty else { continue }
      let probe = try Probe(
        record.graph, ValueLineage(lineage), origin, tolerances: subject.tolerances)
      var stage = probe.stage(
        record.name, try GraphRunner.interpreter(probe.graph).run(subject.inputs))
      if !stage.passed, culprit == nil {
        let made = records.prefix(lineage.count - 2).reduce(0) { $0 + $1.rewrites.count }
        try Self.findRewrite(&stage, subject, origin, after: made, record)
      }
      stages.append(stage)
    }
    let file = subject.stored.graph
    fileDifferences = Self.differences(final, file, subject.stored)
    let known = ValueLineage(lineage)
    let isSame = Self.sameValues(final, file)
    let probe = try Probe(
      file, isSame ? known : known.byLayers(of: final, in: file), origin,
      tolerances: subject.tolerances, isGuess: !isSame)
    progress("model file")
    stages.append(
      probe.stage("model file", try GraphRunner.interpreter(probe.graph).run(subject.inputs)))
    progress("runtime")
    let runner = GraphRunner.runtime(probe.graph, tier: subject.tier)
    stages.append(probe.stage("runtime", try runner.run(subject.inputs)))
  }

  private static func optimise(
    _ subject: Subject, stopAfter: Int = .max
  ) throws(CheckError) -> (graph: VerifiedGraph, records: [PassRecord]) {
    do throws(PassError) {
      return try subject.pipeline.run(subject.imported, stopAfter: stopAfter)
    } catch {
      throw CheckError(.internalFault, error.description)
    }
  }

  /// Halves the rewrites of a pass until one is left: without it the outputs are right.
  private static func findRewrite(
    _ stage: inout Stage, _ subject: Subject, _ origin: Origin, after made: Int,
    _ record: PassRecord
  ) throws(CheckError) {
    var (good, bad) = (0, record.rewrites.count)
    while bad - good > 1 {
      let middle = (good + bad) / 2
      let graph = try optimise(subject, stopAfter: made + middle).graph
      let probe = try Probe(graph, ValueLineage([graph]), origin, tolerances: subject.tolerances)
      let tried = probe.stage("", try GraphRunner.interpreter(probe.graph).run(subject.inputs))
      if tried.passed { good = middle } else { bad = middle }
    }
    stage.firstRewrite = made + bad
    stage.rewrite = record.rewrites[bad - 1]
  }

  /// Whether the nodes of both graphs make the same values, whatever their attributes.
  private static func sameValues(_ first: VerifiedGraph, _ second: VerifiedGraph) -> Bool {
    first.graph.nodes.map(\.results) == second.graph.nodes.map(\.results)
  }

  private static func differences(
    _ made: VerifiedGraph, _ file: VerifiedGraph, _ stored: StoredModel
  ) -> [String] {
    var other = stored
    other.graph = made
    return ModelDifference(other, stored, names: ("import", "file")).differences
  }
}
