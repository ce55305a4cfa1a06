import ArgumentParser
import CommandSupport
import GraphIR
import InferenceRuntime
import KernelLibrary
import ModelChecking
import PartialConv
import TensorCore

/// Options of comparisons, and the comparisons of outputs.
struct ComparisonOptions: ParsableArguments {
  /// What a model can be compared with when there are no references.
  enum Oracle: String, CaseIterable, ExpressibleByArgument {
    case interpreter
  }

  @Option(
    help:
      """
      Where no tolerance is given: exact, close (--rtol 1e-5), approximate (--rtol 1e-4) or \
      narrow (--rtol 2e-2 --psnr 60); default: close, and with --against what each tier promises, \
      or narrow for models that compute in bf16 or int8.
      """
  )
  var preset: Tolerance.Preset?

  @Option(help: "[NAME:]VALUE: the largest absolute error that passes; may be repeated.")
  var atol: [String] = []

  @Option(help: "[NAME:]VALUE: the same, of the largest magnitude of the reference.")
  var rtol: [String] = []

  @Option(help: "[NAME:]DB: the smallest PSNR that passes.")
  var psnr: [String] = []

  @Option(
    name: .customLong("map"), help: "NAME=ARRAY: the reference array for a name of the model.")
  var renamed: [String] = []

  @Option(help: "A reference array that is not for this model; may be repeated.")
  var ignore: [String] = []

  @Flag(help: "Leave outputs without a reference unchecked instead of failing.")
  var allowMissing = false

  @Option(help: "Rows and columns around holes that count as their rim.")
  var rim = 8

  @OptionGroup
  var numeric: TierOption

  @Option(help: "Threads; default: the processors this process may use.")
  var threads: Int?

  @Option(
    help: """
      Compare with the scalar meaning of the model instead of references: in every tier, on every \
      instruction set and with 1, 2 and 3 threads, or as --tier, --isa and --threads say.
      """)
  var against: Oracle?

  @Option(help: "For --against and --bisect without references: the seed of the inputs.")
  var seed: UInt64 = 1

  @Option(help: "The same: rows and columns of the inputs, the nearest that the model takes.")
  var size = 64

  func validate() throws {
    guard rim >= 0, (threads ?? 1) >= 1, size >= 1 else {
      throw ValidationError("--rim, --threads and --size take positive numbers")
    }
    guard size <= 4096 else { throw ValidationError("--size is at most 4096") }
  }

  func request() throws(PartialConvError) -> ReferencePairing.Request {
    var names: [String: String] = [:]
    for text in renamed {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, names.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw PartialConvError(.usage, "--map \(text): needs the form NAME=ARRAY, each name once")
      }
    }
    return ReferencePairing.Request(
      renamed: names, ignored: Set(ignore), allowsMissing: allowMissing)
  }

  func options(
    _ output: ReportOptions, otherwise standard: Tolerance.Preset = .close,
    bound: Double? = nil
  ) throws(PartialConvError) -> OutputCheck.Options {
    let isOpen = preset == nil && atol.isEmpty && rtol.isEmpty && psnr.isEmpty
    let relative = isOpen ? [bound].compactMap { $0.map { "\($0)" } } : rtol
    let table = try checking { () throws(CheckError) in
      try ToleranceTable(preset ?? standard, absolute: atol, relative: relative, psnr: psnr)
    }
    return OutputCheck.Options(
      tolerances: table, rimReach: rim, keepsMaps: output.html != nil, tier: numeric.tier)
  }

  /// Compares the outputs with references.
  func compare(
    _ model: CheckedModel, references paths: [String], _ output: ReportOptions
  ) throws(PartialConvError) {
    guard !paths.isEmpty else {
      throw PartialConvError(
        .usage, "give references after the model, or --against interpreter to need none")
    }
    let request = try request()
    let options = try options(output)
    let report = try checking { () throws(CheckError) in
      let references = try References(paths)
      let pairing = ReferencePairing(references, for: model.graph.graph, request)
      var bar: ProgressBar?
      defer { bar?.finish() }
      return try OutputCheck.run(
        model.graph, on: .runtime(model.graph, threads: threads, tier: numeric.tier), pairing,
        model: model.path,
        against: paths.joined(separator: ", "), options
      ) { part, count in
        bar = bar ?? ProgressBar(stepCount: count, isShown: !output.quiet)
        bar?.advance("part \(part) of \(count)")
      }
    }
    try output.show(report)
  }

  /// Compares instruction sets, tiers and numbers of threads with the interpreter: all that were not
  /// narrowed down by an option.
  func compareVariants(
    _ model: CheckedModel, references paths: [String], _ output: ReportOptions
  ) throws(PartialConvError) {
    var options: [NumericTier: OutputCheck.Options] = [:]
    for tier in NumericTier.allCases {
      options[tier] =
        try model.isNarrow
        ? self.options(output, otherwise: .narrow) : self.options(output, bound: tier.errorBound)
    }
    let request = try request()
    let variants = VariantCheck.variants(
      threads: threads.map { [$0] } ?? [1, 2, 3], tier: numeric.chosenTier,
      instructionSet: numeric.isa)
    let report = try checking { () throws(CheckError) in
      let inputs =
        try paths.isEmpty
        ? seededInputs(model.graph)
        : [Self.inputs(ReferencePairing(References(paths), for: model.graph.graph, request))]
      let runs = inputs.count * (1 + variants.count)
      let bar = ProgressBar(stepCount: runs, isShown: !output.quiet)
      defer { bar.finish() }
      return try VariantCheck.run(
        model.graph, inputs: inputs, variants: variants, model: model.path,
        { options[$0] ?? OutputCheck.Options() }
      ) { bar.advance($0) }
    }
    try output.show(report)
  }

  /// Two sets of inputs that follow from the seed: one picture, then two.
  func seededInputs(_ graph: VerifiedGraph) throws(CheckError) -> [[String: Tensor]] {
    let size = graph.nearestSize(to: size)
    var sets: [[String: Tensor]] = []
    for batch in 1...2 {
      let shapes = try SeededInputs.shapes(
        graph, batch: batch, height: size.height, width: size.width)
      sets.append(SeededInputs.arrays(graph, shapes: shapes, seed: seed &+ UInt64(batch)))
    }
    return sets
  }

  /// - Throws: `.mismatch` naming the first input that is missing.
  static func inputs(_ pairing: ReferencePairing) throws(CheckError) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for (name, array) in pairing.inputs { inputs[name] = try array.values() }
    if let missing = pairing.problems.first(where: { $0.contains("for that input") }) {
      throw CheckError(.mismatch, missing)
    }
    return inputs
  }
}

extension Tolerance.Preset: ExpressibleByArgument {}
