import GraphPasses
import ModelFile
public import ModelImport

/// Turns a checkpoint into a model file.
public enum ModelConversion {
  /// A stage of the work, for progress.
  public enum Stage: String, CaseIterable, Sendable {
    case reading, optimising, writing
  }

  /// Reads the checkpoint at `input` and writes `output`, all of it or nothing.
  ///
  /// The same input and request give the same bytes. Nothing in the checkpoint is executed.
  /// - Parameters:
  ///   - optimiser: which passes to run.
  ///   - replacing: whether an existing `output` may be replaced.
  ///   - progress: called when a stage begins.
  /// - Throws: `PartialConvError` naming the file, layer or tensor.
  public static func convert(
    _ input: String, to output: String, _ request: ImportRequest,
    optimiser: OptimiserRequest = OptimiserRequest(), replacing: Bool,
    progress: (Stage) -> Void = { _ in }
  ) throws(PartialConvError) -> ConversionReport {
    let pipeline = try optimiser.pipeline()
    try refuseExisting(output, input: input, replacing: replacing)
    progress(.reading)
    let imported = try reporting { () throws(ImportError) in
      try ImporterRegistry.importModel(input, request)
    }
    let source = try reporting { () throws(ModelFileError) in
      try Provenance.Source(describing: input, format: imported.sourceFormat)
    }
    progress(.optimising)
    let (graph, passes) = try reporting { () throws(PassError) in
      try pipeline.run(imported.graph, stopAfter: optimiser.stopAfter ?? .max)
    }
    progress(.writing)
    let model = StoredModel(
      graph: graph, provenance: Provenance(imported, source: source, passes: passes),
      processing: imported.processing.map(settings) ?? [])
    try reporting { () throws(ModelFileError) in
      try ModelFileWriter.write(model, to: output, replacing: replacing)
    }
    return ConversionReport(imported, passes)
  }

  /// Fails before the work instead of after it.
  private static func refuseExisting(
    _ output: String, input: String, replacing: Bool
  ) throws(PartialConvError) {
    if FileIdentity(input) != nil, FileIdentity(input) == FileIdentity(output) {
      throw PartialConvError(
        .usage, "\(output): is the input itself — give the model another name")
    }
    guard !replacing, FileIdentity(output) != nil else { return }
    throw PartialConvError(
      .usage, "\(output): exists already — pass --force to replace it, or choose another name")
  }
}

extension Provenance {
  fileprivate init(_ imported: ImportedModel, source: Source, passes: [PassRecord]) {
    self.init(
      toolVersion: ProductVersion.text, source: source, family: imported.network,
      title: imported.title, options: imported.options.map { Setting($0.key, $0.value) },
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
