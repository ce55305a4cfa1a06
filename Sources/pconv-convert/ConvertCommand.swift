public import ArgumentParser
import CommandSupport
public import ModelImport
import PartialConv

@main
struct ConvertCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pconv-convert",
    abstract: "Turns a trained partial-convolution checkpoint into a model file.",
    discussion: """
      Reads Keras HDF5 (weights or whole models), PyTorch (.pth, .pt, .pth.tar) and safetensors, \
      told by content. Nothing in the file is executed.

      EXAMPLES
        pconv-convert pconv_imagenet.26-1.07.h5 -o inpainting.pcm
        pconv-convert 1000000.pth -o places.pcm
        pconv-convert 20crtasgn72.pth -o climate.pcm --set padding=global
        pconv-convert my_fork.pth -o fork.pcm --network my_fork.json
        pconv-convert model.h5 -o model.pcm --report report.txt --dump-ir graph.txt --after import
      """,
    version: ProductVersion.text)

  @Argument(help: "The checkpoint.")
  var input: String

  @Option(name: .shortAndLong, help: "The model file to write.")
  var output: String

  @Option(help: "Name of a published network, or a description file; default: recognised.")
  var network: String?

  @Option(name: .customLong("set"), help: "KEY=VALUE: an option that the checkpoint does not record.")
  var settings: [String] = []

  @Option(help: "Statistics for batch norms where the checkpoint leaves them open: moving or batch.")
  var batchNorm: BatchNormChoice?

  @OptionGroup(title: "Optimiser")
  var optimiser: OptimiserOptions

  @Flag(help: "Replace an existing output.")
  var force = false

  @Flag(help: "Print the report as JSON.")
  var json = false

  @Flag(help: "Print nothing but errors and warnings.")
  var quiet = false

  func perform() throws(PartialConvError) {
    let request = ImportRequest(
      network: network, settings: try parsedSettings(), batchNorm: batchNorm)
    let bar = ProgressBar(stepCount: ModelConversion.Stage.allCases.count, isShown: !quiet)
    defer { bar.finish() }
    let report = try ModelConversion.convert(
      input, to: output, request, optimiser: optimiser.request, replacing: force
    ) { bar.advance($0.rawValue) }
    bar.finish()
    try optimiser.write(report)
    for note in report.notes where !quiet || note.hasPrefix("warning") { Terminal.report(note) }
    if json {
      Terminal.printJSON(ConversionSummary(report, output: output))
    } else if !quiet {
      print("\(output): \(report.title) (\(report.network), from \(report.sourceFormat))")
      print("  recognised: \(report.reason)")
      for option in report.options { print("  \(option.key): \(option.value)") }
    }
  }

  private func parsedSettings() throws(PartialConvError) -> [String: String] {
    var result: [String: String] = [:]
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw PartialConvError(.usage, "--set \(setting): needs the form KEY=VALUE")
      }
      guard result.updateValue(parts[1], forKey: parts[0]) == nil else {
        throw PartialConvError(.usage, "--set \(parts[0]) is given twice")
      }
    }
    return result
  }
}

extension BatchNormChoice: ExpressibleByArgument {}

/// The report as programs read it.
private struct ConversionSummary: Encodable {
  struct Pass: Encodable {
    var name: String
    var exactness: String
    var rewrites: Int
  }

  var schema = 1
  var output: String
  var network: String
  var title: String
  var reason: String
  var source: String
  var options: [String: String]
  var notes: [String]
  var passes: [Pass]

  init(_ report: ConversionReport, output: String) {
    self.output = output
    network = report.network
    title = report.title
    reason = report.reason
    source = report.sourceFormat
    options = Dictionary(report.options.map { ($0.key, $0.value) }) { first, _ in first }
    notes = report.notes
    passes = report.passes.map {
      Pass(name: $0.name, exactness: $0.exactness, rewrites: $0.rewrites.count)
    }
  }
}
