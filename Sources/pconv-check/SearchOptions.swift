public import ArgumentParser
import CommandSupport
import GraphIR
import ModelChecking
public import ModelImport
import PartialConv
import TensorCore

/// Options that look inside a model for where it goes wrong.
struct SearchOptions: ParsableArguments {
  @Flag(help: "Compare layers with the reference arrays that bear their names.")
  var perLayer = false

  @Flag(help: "With --per-layer: feed each layer the references of the layers before it.")
  var isolate = false

  @Flag(help: "With --per-layer: let errors add up from layer to layer (the default).")
  var cumulative = false

  @Flag(help: "Find the first layer, pass and rewrite past the tolerance; needs --source.")
  var bisect = false

  @Option(
    help: "The checkpoint that the model was made from, or for --per-layer its layers unfused.")
  var source: String?

  @Option(help: "With --source: the network, as for pconv-convert.")
  var network: String?

  @Option(name: .customLong("set"), help: "With --source: KEY=VALUE, as for pconv-convert.")
  var settings: [String] = []

  @Option(help: "With --source: moving or batch, as for pconv-convert.")
  var batchNorm: BatchNormChoice?

  /// The files that are read.
  var inputs: [String] { [source, network].compactMap(\.self) }

  func validate() throws {
    guard !(isolate && cumulative) else {
      throw ValidationError("--isolate and --cumulative are one at a time")
    }
    guard perLayer || !(isolate || cumulative) else {
      throw ValidationError("--isolate and --cumulative go with --per-layer")
    }
    guard !bisect || source != nil else {
      throw ValidationError("--bisect needs the checkpoint: --source CHECKPOINT")
    }
    guard source == nil || bisect || perLayer else {
      throw ValidationError("--source goes with --bisect or --per-layer")
    }
    guard source != nil || (network == nil && settings.isEmpty && batchNorm == nil) else {
      throw ValidationError("--network, --set and --batch-norm go with --source")
    }
  }

  /// Compares layers, of the model or with `--source` of the network as it was imported.
  func compareLayers(
    _ model: CheckedModel, _ paths: [String], _ comparison: ComparisonOptions,
    _ output: ReportOptions
  ) throws(PartialConvError) {
    let graph = try source == nil ? model.graph : imported().graph
    let options = try comparison.options(output)
    let request = try comparison.request()
    let report = try checking { () throws(CheckError) in
      let references = try References(paths)
      let names = try LayerCheck.names(graph)
      let pairing = ReferencePairing(references, for: graph.graph, request, otherNames: names)
      let inputs = try ComparisonOptions.inputs(pairing)
      let bar = ProgressBar(stepCount: names.count + 1, isShown: !output.quiet)
      defer { bar.finish() }
      return try LayerCheck.run(
        graph, inputs: inputs, references: references, renamed: request.renamed,
        mode: isolate ? .isolated : .cumulative, model: model.path, options
      ) { bar.advance($0) }
    }
    try output.show(report)
  }

  /// Follows the model from its checkpoint to the runtime.
  func bisect(
    _ model: CheckedModel, _ paths: [String], _ comparison: ComparisonOptions,
    _ output: ReportOptions
  ) throws(PartialConvError) {
    let graph = try imported().graph
    let options = try comparison.options(output)
    let request = try comparison.request()
    let found = try checking { () throws(CheckError) in
      var expected: [String: Tensor] = [:]
      var layers: [String: Tensor] = [:]
      var inputs: [String: Tensor] = [:]
      if paths.isEmpty {
        inputs = try comparison.seededInputs(graph)[0]
      } else {
        let references = try References(paths)
        let pairing = ReferencePairing(
          references, for: graph.graph, request, otherNames: try LayerCheck.names(graph))
        inputs = try ComparisonOptions.inputs(pairing)
        if let problem = pairing.problems.first { throw CheckError(.mismatch, problem) }
        for (name, array) in pairing.outputs { expected[name] = try array.values() }
        layers = try LayerCheck.layers(of: graph, in: references, renamed: request.renamed)
      }
      let bar = ProgressBar(stepCount: 10, isShown: !output.quiet)
      defer { bar.finish() }
      let subject = FaultSearch.Subject(
        imported: graph, stored: model.stored, inputs: inputs, expected: expected,
        layers: layers, tolerances: options.tolerances, tier: options.tier)
      return try FaultSearch(subject, model: model.path) { bar.advance($0) }
    }
    output.print(found, text: found.text)
    if let culprit = found.culprit {
      let layer = culprit.firstLayer.map { ", first in layer '\($0)'" } ?? ""
      throw PartialConvError(
        culprit.maxRelative == nil ? .notFinite : .differs,
        "\(model.path): past tolerance from '\(culprit.name)' on\(layer)")
    }
  }

  private func imported() throws(PartialConvError) -> ImportedModel {
    var values: [String: String] = [:]
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, values.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw PartialConvError(.usage, "--set \(setting): needs the form KEY=VALUE, each key once")
      }
    }
    let request = ImportRequest(network: network, settings: values, batchNorm: batchNorm)
    do throws(ImportError) {
      return try ImporterRegistry.importModel(source ?? "", request)
    } catch {
      throw PartialConvError(.unsupported, error.description)
    }
  }
}

extension BatchNormChoice: ExpressibleByArgument {}
