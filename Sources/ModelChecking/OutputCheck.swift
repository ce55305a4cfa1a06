package import GraphIR
package import InferenceRuntime
import TensorCore

/// Runs a model on reference inputs and compares its outputs with the reference's.
///
/// Reference arrays are read and the model is run part by part of the batch, so memory does not
/// grow with the size of the references, but for compressed and HDF5 ones.
package struct OutputCheck {
  /// What to measure.
  package struct Options: Sendable {
    package var tolerances: ToleranceTable
    /// Rows and columns around holes that count as their rim.
    package var rimReach: Int
    /// Whether maps of the errors are kept for drawing.
    package var keepsMaps: Bool
    /// The numeric tier of runners that a check makes itself.
    package var tier: NumericTier

    package init(
      tolerances: ToleranceTable = ToleranceTable(), rimReach: Int = 8, keepsMaps: Bool = false,
      tier: NumericTier = .near
    ) {
      self.tolerances = tolerances
      self.rimReach = rimReach
      self.keepsMaps = keepsMaps
      self.tier = tier
    }
  }

  /// What is gathered of one output.
  private struct Progress {
    var comparison = ArrayComparison()
    var regions: RegionErrors?
    var map: ErrorMap?
  }

  private let graph: VerifiedGraph
  private let runner: GraphRunner
  private let options: Options
  private var gathered: [String: Progress] = [:]
  private var misshapen: [String: String] = [:]
  /// Outputs that nothing is compared with and that hold a NaN or an infinity.
  private var notFinite: Set<String> = []

  private init(_ graph: VerifiedGraph, _ runner: GraphRunner, _ options: Options) {
    self.graph = graph
    self.runner = runner
    self.options = options
  }

  /// Compares and reports; faults of the references are in the report.
  ///
  /// - Parameter progress: called before each part with its number, from 1, and how many there are.
  /// - Throws: `.unreadable` when a reference cannot be read, `.mismatch` when the model does not
  ///   take the inputs, `.badRequest` for tolerances of unknown outputs.
  package static func run(
    _ graph: VerifiedGraph, on runner: GraphRunner, _ pairing: ReferencePairing, model: String,
    against: String, _ options: Options = Options(),
    progress: (_ part: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(CheckError) -> CheckReport {
    try options.tolerances.requireKnown(graph.graph.outputs.map(\.name))
    var report = CheckReport(model: model, against: against)
    for problem in pairing.problems { report.add(problem: problem) }
    guard pairing.inputs.count == graph.graph.inputs.count else {
      for name in pairing.unchecked { report.add(.uncompared(name)) }
      return report
    }
    var check = OutputCheck(graph, runner, options)
    try check.compare(pairing, progress: progress)
    for name in pairing.unchecked {
      report.add(.uncompared(name, isFinite: !check.notFinite.contains(name)))
    }
    for output in graph.graph.outputs {
      if let problem = check.misshapen[output.name] { report.add(problem: problem) }
      guard let reference = pairing.outputs[output.name], let found = check.gathered[output.name]
      else { continue }
      var array = CheckReport.ArrayReport(
        output.name, shape: reference.shape, found.comparison, options.tolerances[output.name])
      array.regions = found.regions?.reports ?? []
      array.map = found.map
      report.add(array)
    }
    report.requireSomething()
    return report
  }

  private mutating func compare(
    _ pairing: ReferencePairing, progress: (Int, Int) -> Void
  ) throws(CheckError) {
    var inputs: [String: ReferenceArray] = [:]
    var outputs: [String: ReferenceArray] = [:]
    for (name, array) in pairing.inputs { inputs[name] = try array.prepared() }
    for (name, array) in pairing.outputs { outputs[name] = try array.prepared() }
    let slices = BatchSlices(
      graph, shapes: graph.graph.inputs.compactMap { inputs[$0.name]?.shape })
    for (number, rows) in slices.ranges.enumerated() {
      progress(number + 1, slices.ranges.count)
      var part: [String: Tensor] = [:]
      for (name, array) in inputs {
        part[name] = slices.total == nil ? try array.values() : try array.values(rows: rows)
      }
      for (name, actual) in try runner.run(part) {
        guard let reference = outputs[name] else {
          if !actual.isFinite { notFinite.insert(name) }
          continue
        }
        let whole = slices.total.map { [$0] + actual.shape.dropFirst() } ?? actual.shape
        guard reference.shape == whole, actual.elementCount > 0 else {
          misshapen[name] =
            "\(reference.file): array '\(reference.name)' has shape \(reference.shape), the "
            + "model's output '\(name)' is \(whole) for these inputs"
          outputs[name] = nil
          continue
        }
        let expected =
          slices.total == nil ? try reference.values() : try reference.values(rows: rows)
        add(name, actual, expected, inputs: part)
      }
    }
  }

  private mutating func add(
    _ name: String, _ actual: Tensor, _ expected: Tensor, inputs: [String: Tensor]
  ) {
    var progress = gathered[name] ?? Progress()
    let values = actual.floats
    let wanted = expected.floats
    for index in values.indices { progress.comparison.add(values[index], wanted[index]) }
    let layout =
      graph.graph.outputs.first { $0.name == name }.map { graph.type(of: $0.value).layout }
      ?? .plain
    if let mask = graph.graph.inputs.first(where: { $0.name == "mask" }),
      let tensor = inputs["mask"],
      let map = RegionMap(mask: tensor, layout: mask.type.layout, reach: options.rimReach),
      map.fits(actual.shape, layout)
    {
      var regions = progress.regions ?? RegionErrors()
      regions.add(actual, expected, image: inputs["image"], map, layout)
      progress.regions = regions
    }
    if options.keepsMaps, progress.map == nil { progress.map = ErrorMap(actual, expected, layout) }
    gathered[name] = progress
  }
}

extension Tensor {
  /// Whether no value is a NaN or an infinity.
  fileprivate var isFinite: Bool {
    let values = convertedToFloat32()
    return !values.floats.indices.contains { !values.floats[$0].isFinite }
  }
}

extension RegionErrors {
  /// The regions that have pixels, and the composited picture.
  fileprivate var reports: [CheckReport.RegionReport] {
    let parts = Region.allCases.map { ($0.rawValue, byRegion[$0] ?? ArrayComparison()) }
    return (parts + [("composite", composite)]).filter { $0.1.count > 0 }.map {
      CheckReport.RegionReport(name: $0.0, metrics: CheckReport.Metrics($0.1))
    }
  }
}
