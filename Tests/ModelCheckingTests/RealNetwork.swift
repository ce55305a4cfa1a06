import GraphIR
import GraphPasses
import ModelFile
import ModelImport
import TensorCore
import TestSupport

@testable import ModelChecking

/// A network of the reference folder, as it was imported and as its model file holds it.
struct RealNetwork {
  let row: ReferenceRow
  let imported: VerifiedGraph
  let references: References

  init(_ row: ReferenceRow) throws {
    self.row = row
    let request = ImportRequest(
      network: row.network, settings: row.settings,
      batchNorm: row.batchNorm.flatMap(BatchNormChoice.init))
    imported = try ImporterRegistry.importModel(row.checkpointPath, request).graph
    references = try References([row.arraysPath])
  }

  /// The inputs as the framework was fed them.
  func inputs() throws -> [String: Tensor] {
    try pairing.inputs.mapValues { array in try array.values() }
  }

  var hasMask: Bool { imported.input(named: "mask") != nil }

  /// The model file that a converter with this fault makes.
  func sabotaged(_ sabotage: Sabotage) throws -> StoredModel {
    try stored(
      sabotage.applied(to: imported), pipeline: sabotage.pipeline ?? .standard)
  }

  /// The model file that `pipeline` makes of this network, or of a sabotaged one.
  func stored(
    _ graph: VerifiedGraph? = nil, pipeline: PassPipeline = .standard
  ) throws -> StoredModel {
    let (optimised, records) = try pipeline.run(graph ?? imported)
    return StoredModel(
      graph: optimised,
      provenance: Provenance(
        toolVersion: "test", family: row.checkpoint, title: row.checkpoint,
        passes: records.map {
          Provenance.Pass(
            name: $0.name, exactness: $0.exactness.rawValue, rewriteCount: $0.rewrites.count)
        }))
  }

  /// Compares a model with what the framework computed, as `pconv-check MODEL REFERENCE` does.
  func check(_ model: StoredModel) throws -> CheckReport {
    try OutputCheck.run(
      model.graph, on: .runtime(model.graph), pairing, model: row.checkpoint,
      against: row.arrays)
  }

  /// Looks for the fault in a model, as `pconv-check --bisect` does.
  ///
  /// - Parameter layers: what the framework's layers gave, where that is known.
  func search(
    _ model: StoredModel, imported: VerifiedGraph? = nil, pipeline: PassPipeline? = nil,
    layers: [String: Tensor] = [:]
  ) throws -> FaultSearch {
    try FaultSearch(
      .init(
        imported: imported ?? self.imported, stored: model, pipeline: pipeline,
        inputs: inputs(), expected: pairing.outputs.mapValues { try $0.values() },
        layers: layers), model: row.checkpoint)
  }

  /// What the layers of a sound graph give.
  ///
  /// The folder holds no tensors between layers, so these come from the scalar meaning of the graph
  /// that the checkpoint gives, whose outputs the rows prove against the framework.
  func layers(of graph: VerifiedGraph) throws -> [String: Tensor] {
    let trace = try LayerTrace(layersOf: graph)
    return trace.layers(try GraphRunner.interpreter(trace.graph).run(inputs()))
  }

  /// Names of the layers of `model` that differ, as `pconv-check --per-layer` finds them.
  func compareLayers(
    _ model: StoredModel, with layers: [String: Tensor], _ mode: LayerCheck.Mode
  ) throws -> [String] {
    var references = References()
    for (name, tensor) in layers { try references.add(ReferenceArray(name, tensor)) }
    let report = try LayerCheck.run(
      model.graph, inputs: inputs(), references: references, renamed: [:], mode: mode,
      model: row.checkpoint, .init())
    return report.arrays.filter { $0.status == .differs }.map(\.name)
  }

  private var pairing: ReferencePairing {
    var request = ReferencePairing.Request(allowsMissing: true)
    if row.key != "output" { request.renamed["output"] = row.key }
    request.ignored = Set(references.arrays.map(\.name)).subtracting(["image", "mask", row.key])
    return ReferencePairing(references, for: imported.graph, request)
  }
}
