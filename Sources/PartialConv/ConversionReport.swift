import GraphIR
import GraphPasses
import ModelImport

/// What was converted, what was recognised, and what each pass did.
public struct ConversionReport: Sendable {
  /// A pass of the optimiser, how exact it is, and what it rewrote.
  public struct Pass: Sendable {
    public let name: String
    /// `exact`, `exact in integers`, `reassociates` or `narrows`.
    public let exactness: String
    public let precondition: String
    /// One line for each rewrite.
    public let rewrites: [String]
    /// One line for each layer that was left although a change was asked for: which, and why.
    public let kept: [String]
    /// Multiplications of the graph that the pass left; nil when the nominal size does not fit.
    public let multiplyCount: Int?
  }

  public let network: String
  public let title: String
  /// Why this network was chosen.
  public let reason: String
  public let sourceFormat: String
  public let options: [(key: String, value: String)]
  public let notes: [String]
  /// Files beside the checkpoint that hold some of its tensors.
  public let externalFiles: [String]
  public let passes: [Pass]
  /// How the layers were narrowed; nil for a model all in `f32`.
  public let precision: PrecisionReport?
  /// Multiplications of the imported graph, and the picture size that all counts are for.
  public let importedMultiplyCount: Int?
  public let nominalSize: (height: Int, width: Int)
  private let imported: VerifiedGraph
  private let graphs: [VerifiedGraph]

  init(
    _ imported: ImportedModel, _ records: [PassRecord], _ precision: PrecisionReport? = nil
  ) {
    self.precision = precision
    network = imported.network
    title = imported.title
    reason = imported.reason
    sourceFormat = imported.sourceFormat
    options = imported.options
    notes = imported.notes
    externalFiles = imported.externalFiles
    let size = imported.graph.nearestSize(to: 512)
    nominalSize = size
    func count(_ graph: VerifiedGraph) -> Int? {
      try? graph.multiplyCount(height: size.height, width: size.width)
    }
    importedMultiplyCount = count(imported.graph)
    passes = records.map {
      Pass(
        name: $0.name, exactness: $0.exactness.rawValue, precondition: $0.precondition,
        rewrites: $0.rewrites, kept: $0.kept, multiplyCount: count($0.graph))
    }
    self.imported = imported.graph
    graphs = records.map(\.graph)
  }

  /// The graph in the text form: after the last pass of this name, after all when nil, or as it was
  /// imported for `import`.
  public func graphText(after pass: String? = nil) throws(PartialConvError) -> String {
    GraphPrinter.text(try graph(after: pass).graph)
  }

  /// The same graph in the DOT language.
  public func graphDot(after pass: String? = nil) throws(PartialConvError) -> String {
    GraphDotPrinter.text(try graph(after: pass).graph)
  }

  /// The same graph as an SVG picture.
  public func graphSVG(after pass: String? = nil) throws(PartialConvError) -> String {
    GraphSVGPrinter.text(try graph(after: pass).graph)
  }

  private func graph(after pass: String?) throws(PartialConvError) -> VerifiedGraph {
    guard let pass else { return graphs.last ?? imported }
    if pass == "import" { return imported }
    guard let index = passes.lastIndex(where: { $0.name == pass }) else {
      let names = (["import"] + passes.map(\.name)).joined(separator: ", ")
      throw PartialConvError(.usage, "no pass called '\(pass)' was run; there are \(names)")
    }
    return graphs[index]
  }

  /// Every rewrite as text: what, how exact, under which precondition, multiplications before and
  /// after each pass.
  public var rewriteText: String {
    var before = importedMultiplyCount
    var lines = [
      "\(title) (\(network)); multiplications at \(nominalSize.height) x \(nominalSize.width)"
    ]
    for pass in passes {
      lines.append(
        "\n\(pass.name): \(pass.exactness); precondition: \(pass.precondition); "
          + "\(pass.rewrites.count) rewrites; multiplications \(Self.text(before)) -> "
          + Self.text(pass.multiplyCount))
      lines += pass.rewrites.map { "  \($0)" } + pass.kept.map { "  kept: \($0)" }
      before = pass.multiplyCount
    }
    if let precision { lines.append("\n" + precision.text) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ count: Int?) -> String { count.map(String.init) ?? "unknown" }
}
