import GraphIR
import GraphPasses
import ModelFile
public import ModelImport

/// Turns a checkpoint into a model file.
public enum ModelConversion {
  /// A stage of the work, for progress.
  public enum Stage: String, CaseIterable, Sendable {
    case reading, optimising, narrowing, writing
  }

  /// Reads the checkpoint at `input` and writes `output`, all of it or nothing.
  ///
  /// The same input and request give the same bytes. Nothing in the checkpoint is executed.
  /// - Parameters:
  ///   - optimiser: which passes to run.
  ///   - precision: with how many bits layers compute.
  ///   - replacing: whether an existing `output` may be replaced.
  ///   - progress: called when a stage begins, and when a part of it does, with what that is.
  /// - Throws: `PartialConvError` naming the file, layer or tensor.
  public static func convert(
    _ input: String, to output: String, _ request: ImportRequest,
    optimiser: OptimiserRequest = OptimiserRequest(),
    precision: PrecisionRequest = PrecisionRequest(), replacing: Bool,
    progress: @escaping (Stage, String?) -> Void = { _, _ in }
  ) throws(PartialConvError) -> ConversionReport {
    let pipeline = try optimiser.pipeline()
    try precision.check()
    let outputs =
      [output]
      + [precision.table].compactMap {
        precision.calibration == nil ? nil : $0
      }
    let samples = [precision.calibration, precision.masks].compactMap(\.self)
    try FileArguments.check(inputs: [input] + samples, outputs: outputs, replacing: replacing)
    progress(.reading, nil)
    let imported = try reporting { () throws(ImportError) in
      try ImporterRegistry.importModel(input, request)
    }
    try FileArguments.check(
      inputs: imported.externalFiles, outputs: outputs, replacing: replacing)
    let source = try reporting { () throws(ModelFileError) in
      try Provenance.Source(describing: input, format: imported.sourceFormat)
    }
    progress(.optimising, nil)
    var (graph, passes) = try reporting { () throws(PassError) in
      try pipeline.run(imported.graph, stopAfter: optimiser.stopAfter ?? .max)
    }
    let narrowing = try narrow(&graph, &passes, imported, precision, optimiser) {
      progress(.narrowing, $0)
    }
    progress(.writing, nil)
    let model = StoredModel(
      graph: graph,
      provenance: Provenance(imported, source: source, precision: precision, passes: passes),
      processing: imported.processing.map(settings) ?? [])
    try reporting { () throws(ModelFileError) in
      try ModelFileWriter.write(model, to: output, replacing: replacing)
    }
    return ConversionReport(imported, passes, narrowing)
  }

  /// Gives layers fewer bits when that is asked for, and adds what was done to `passes`.
  private static func narrow(
    _ graph: inout VerifiedGraph, _ passes: inout [PassRecord], _ imported: ImportedModel,
    _ request: PrecisionRequest, _ optimiser: OptimiserRequest,
    progress: @escaping (String?) -> Void
  ) throws(PartialConvError) -> PrecisionReport? {
    guard request.isNarrow else { return nil }
    progress(nil)
    let narrowed = try ModelNarrowing(request, optimiser, progress: progress).run(
      graph, processing: imported.processing,
      rewriteCount: passes.reduce(0) { $0 + $1.rewrites.count })
    graph = narrowed.graph
    passes += narrowed.records
    return narrowed.report
  }
}

extension Provenance {
  fileprivate init(
    _ imported: ImportedModel, source: Source, precision: PrecisionRequest, passes: [PassRecord]
  ) {
    let narrow = [
      ("precision", precision.precision), ("weights", precision.storedWeights),
    ].filter { $0.1 != .float32 }
    self.init(
      toolVersion: ProductVersion.text, source: source, family: imported.network,
      title: imported.title,
      options: imported.options.map { Setting($0.key, $0.value) }
        + narrow.map { Setting($0.0, $0.1.rawValue) },
      passes: passes.map {
        Pass(
          name: $0.name, exactness: $0.exactness.rawValue, rewriteCount: $0.rewrites.count)
      },
      notes: [imported.reason] + imported.notes)
  }
}

private func settings(_ processing: PictureProcessing) -> [Provenance.Setting] {
  processing.settings.map { Provenance.Setting($0.name, $0.value) }
}
