import GraphIR
import TensorCore

/// The imported graph by its scalar meaning: what every stage must equal.
struct Origin {
  let outputs: [(name: String, tensor: Tensor)]
  /// Results of nodes by value.
  let values: [ValueID: Tensor]

  init(_ graph: VerifiedGraph, _ inputs: [String: Tensor]) throws(CheckError) {
    var names: [LayerTrace.Point] = []
    let pictures = graph.pictureValues
    for node in graph.graph.nodes {
      for value in node.results where pictures.contains(value) {
        names.append(
          LayerTrace.Point(
            name: value.description, value: value, layout: graph.type(of: value).layout))
      }
    }
    let trace = try LayerTrace(graph, names)
    let results = try GraphRunner.interpreter(trace.graph).run(inputs)
    let layers = trace.layers(results)
    outputs = Array(results.prefix(graph.graph.outputs.count))
    values = Dictionary(
      names.compactMap { point in layers[point.name].map { (point.value, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// How far the imported graph itself is from the framework.
  func importStage(_ subject: FaultSearch.Subject) throws(CheckError) -> FaultSearch.Stage {
    let pairs = outputs.compactMap { output in
      subject.expected[output.name].map { (output.name, output.tensor, $0) }
    }
    let first = try LayerTrace(layersOf: subject.imported).points.first { point in
      guard let actual = values[point.value], let wanted = subject.layers[point.name] else {
        return false
      }
      return actual.shape != wanted.shape
        || !subject.tolerances[point.name].accepts(ArrayComparison(actual, wanted))
    }
    return FaultSearch.Stage(
      "import", comparing: pairs, subject.tolerances, firstLayer: first?.name)
  }
}

/// A later graph with the layers that it shares with the imported one as outputs.
struct Probe {
  let graph: VerifiedGraph
  private let points: [(point: LayerTrace.Point, label: String, origin: ValueID)]
  private let trace: LayerTrace
  private let origin: Origin
  private let tolerances: ToleranceTable
  private let isGuess: Bool

  /// - Parameter isGuess: whether `lineage` pairs layers of graphs of unlike make, which only wrong
  ///   outputs make worth naming.
  init(
    _ graph: VerifiedGraph, _ lineage: ValueLineage, _ origin: Origin,
    tolerances: ToleranceTable, isGuess: Bool = false
  ) throws(CheckError) {
    var points: [(point: LayerTrace.Point, label: String, origin: ValueID)] = []
    let pictures = graph.pictureValues
    for node in graph.graph.nodes {
      for value in node.results where pictures.contains(value) {
        guard let source = lineage.origins[value], origin.values[source] != nil else { continue }
        let label = node.label.isEmpty ? "\(node.operation.mnemonic) \(value)" : node.label
        points.append(
          (
            LayerTrace.Point(
              name: value.description, value: value, layout: graph.type(of: value).layout),
            label, source
          ))
      }
    }
    self.points = points
    self.origin = origin
    self.tolerances = tolerances
    self.isGuess = isGuess
    trace = try LayerTrace(graph, points.map(\.point))
    self.graph = trace.graph
  }

  /// Compares what a run of `graph` gave with the imported graph; values that are not finite even
  /// there, such as a quotient of zeros that a later selection drops, say nothing.
  func stage(_ name: String, _ results: [(name: String, tensor: Tensor)]) -> FaultSearch.Stage {
    let pairs = zip(results, origin.outputs).map { ($0.name, $0.tensor, $1.tensor) }
    let whole = FaultSearch.Stage(name, comparing: pairs, tolerances, firstLayer: nil)
    guard !isGuess || !whole.passed else { return whole }
    let layers = trace.layers(results)
    let first = points.first { point in
      guard let actual = layers[point.point.name], let wanted = origin.values[point.origin],
        actual.shape == wanted.shape
      else { return false }
      let comparison = ArrayComparison(actual, wanted)
      return comparison.nonFiniteExpected == 0 && !tolerances[point.label].accepts(comparison)
    }
    return FaultSearch.Stage(name, comparing: pairs, tolerances, firstLayer: first?.label)
  }
}

extension FaultSearch.Stage {
  init(
    _ name: String, comparing pairs: [(name: String, actual: Tensor, expected: Tensor)],
    _ tolerances: ToleranceTable, firstLayer: String?
  ) {
    self.name = name
    self.firstLayer = firstLayer
    var passed = firstLayer == nil
    var worst: Double? = 0
    for (name, actual, expected) in pairs {
      guard actual.shape == expected.shape else {
        passed = false
        continue
      }
      let comparison = ArrayComparison(actual, expected)
      passed = passed && tolerances[name].accepts(comparison)
      guard comparison.isFinite, let current = worst else {
        worst = nil
        continue
      }
      worst = max(current, comparison.relativeError ?? comparison.maximumError)
    }
    self.passed = passed
    maxRelative = worst
  }
}

extension FaultSearch {
  /// The search for people.
  package var text: String {
    var lines = stages.map { stage in
      var line = "\(stage.passed ? "ok     " : "DIFFERS") \(stage.name): "
      line += stage.maxRelative.map { "relative \(short($0))" } ?? "not finite"
      if let layer = stage.firstLayer { line += ", first layer '\(layer)'" }
      if let rewrite = stage.rewrite { line += ", rewrite \(stage.firstRewrite ?? 0): \(rewrite)" }
      return line
    }
    lines += fileDifferences.map { "file: \($0)" }
    lines.append(
      culprit.map { "\(model): '\($0.name)' is the first stage past tolerance" }
        ?? "\(model): every stage is within tolerance")
    return lines.joined(separator: "\n")
  }
}
