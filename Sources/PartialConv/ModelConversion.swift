import GraphPasses
import ModelFile
public import ModelImport

/// Turns a checkpoint into a model file.
public enum ModelConversion {
  /// What was converted and how.
  public struct Report: Sendable {
    public var network: String
    public var title: String
    /// Why this network was chosen.
    public var reason: String
    public var sourceFormat: String
    public var options: [(key: String, value: String)]
    public var notes: [String]
    public var passes: [Pass]
  }

  /// A pass of the optimiser, how exact it is, and what it rewrote.
  public struct Pass: Sendable {
    public var name: String
    public var exactness: String
    public var rewrites: [String]
  }

  /// A stage of the work, for progress.
  public enum Stage: String, CaseIterable, Sendable {
    case reading, optimising, writing
  }

  /// Reads the checkpoint at `input` and writes `output`, all of it or nothing.
  ///
  /// The same input and request give the same bytes. Nothing in the checkpoint is executed.
  /// - Parameters:
  ///   - replacing: whether an existing `output` may be replaced.
  ///   - progress: called when a stage begins.
  /// - Throws: `PartialConvError` naming the file, layer or tensor.
  public static func convert(
    _ input: String, to output: String, _ request: ImportRequest, replacing: Bool,
    progress: (Stage) -> Void = { _ in }
  ) throws(PartialConvError) -> Report {
    try refuseExisting(output, input: input, replacing: replacing)
    progress(.reading)
    let imported = try reporting { () throws(ImportError) in try ImporterRegistry.importModel(input, request)
    }
    let source = try reporting { () throws(ModelFileError) in
      try Provenance.Source(describing: input, format: imported.sourceFormat)
    }
    progress(.optimising)
    let (graph, passes) = try reporting { () throws(PassError) in try PassPipeline.standard.run(imported.graph)
    }
    progress(.writing)
    let model = StoredModel(
      graph: graph, provenance: Provenance(imported, source: source, passes: passes),
      processing: imported.processing.map(settings) ?? [])
    try reporting { () throws(ModelFileError) in
      try ModelFileWriter.write(model, to: output, replacing: replacing)
    }
    return Report(
      network: imported.network, title: imported.title, reason: imported.reason,
      sourceFormat: imported.sourceFormat, options: imported.options, notes: imported.notes,
      passes: passes.map {
        Pass(name: $0.name, exactness: $0.exactness.rawValue, rewrites: $0.rewrites)
      })
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
