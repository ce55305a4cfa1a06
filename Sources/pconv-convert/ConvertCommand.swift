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
      Reads Keras (HDF5 weights and whole models, .keras), PyTorch (.pth, .pt, .pth.tar), safetensors \
      and ONNX, told by content. Nothing in the file is executed.

      EXAMPLES
        pconv-convert pconv_imagenet.26-1.07.h5 -o inpainting.pcm
        pconv-convert 1000000.pth -o places.pcm
        pconv-convert 20crtasgn72.pth -o climate.pcm --set padding=global
        pconv-convert my_fork.pth -o fork.pcm --network my_fork.json
        pconv-convert --explain unknown.pth
        pconv-convert --list-networks
        pconv-convert model.h5 -o model.pcm --report report.txt --dump-ir graph.txt --after import
        pconv-convert model.h5 -o small.pcm --weights int8
        pconv-convert model.h5 -o fast.pcm --precision bf16
        pconv-convert model.h5 -o fast.pcm --precision int8 --calibrate photos --target-psnr 40
      """,
    version: ProductVersion.text)

  @Argument(help: "The checkpoint.")
  var input: String?

  @Option(name: .shortAndLong, help: "The model file to write.")
  var output: String?

  @Flag(help: "Tell what the checkpoint was recognised as, and every tensor used and unused.")
  var explain = false

  @Flag(help: "List the networks that --network knows, with their options.")
  var listNetworks = false

  @Option(help: "Name of a published network, or a description file; default: recognised.")
  var network: String?

  @Option(
    name: .customLong("set"), help: "KEY=VALUE: an option that the checkpoint does not record.")
  var settings: [String] = []

  @Option(
    help: "Statistics for batch norms where the checkpoint leaves them open: moving or batch.")
  var batchNorm: BatchNormChoice?

  @OptionGroup(title: "Optimiser")
  var optimiser: OptimiserOptions

  @OptionGroup(title: "Precision")
  var precision: PrecisionOptions

  @Flag(help: "Replace an existing output.")
  var force = false

  @Flag(help: "Print the report as JSON.")
  var json = false

  @Flag(help: "Print nothing but errors and warnings.")
  var quiet = false

  func validate() throws {
    guard !listNetworks else { return }
    guard input != nil else { throw ValidationError("Missing expected argument '<input>'") }
    guard printedCount <= (json ? 0 : 1) else {
      throw ValidationError("stdout takes one result: --json or one file named -")
    }
    guard explain || output != nil else {
      throw ValidationError("Missing expected argument '--output <output>'")
    }
  }

  /// The files that are written, or stdout.
  private var outputs: [String] { optimiser.outputs + precision.outputs }

  /// How many of them stdout takes.
  private var printedCount: Int { outputs.count { $0 == Terminal.standardOutput } }

  func perform() throws(PartialConvError) {
    if listNetworks { return try NetworkList().print(json: json) }
    let request = ImportRequest(
      network: network, settings: try parsedSettings(), batchNorm: batchNorm)
    if let input, explain {
      try ExplanationSummary(ModelExplanation(of: input, request)).print(json: json)
    } else if let input, let output {
      try convert(input, to: output, request)
    }
  }

  private func convert(
    _ input: String, to output: String, _ request: ImportRequest
  ) throws(PartialConvError) {
    let texts = outputs.filter { $0 != Terminal.standardOutput }
    try FileArguments.check(
      inputs: [input] + [network].compactMap(\.self) + precision.inputs, outputs: [output] + texts)
    let bar = ProgressBar(stepCount: ModelConversion.Stage.allCases.count, isShown: !quiet)
    defer { bar.finish() }
    let report = try ModelConversion.convert(
      input, to: output, request, optimiser: optimiser.request,
      precision: try precision.request, replacing: force
    ) { stage, part in
      if let part {
        bar.show("\(stage.rawValue): \(part)")
      } else {
        bar.advance(stage.rawValue)
      }
    }
    bar.finish()
    try FileArguments.check(inputs: report.externalFiles, outputs: texts)
    try optimiser.write(report)
    try precision.write(report.precision)
    for note in report.notes where !quiet || note.hasPrefix("warning") { Terminal.report(note) }
    if json {
      Terminal.printJSON(ConversionSummary(report, output: output))
    } else if !quiet, printedCount == 0 {
      Terminal.show("\(output): \(report.title) (\(report.network), from \(report.sourceFormat))")
      Terminal.show("  recognised: \(report.reason)")
      for option in report.options { Terminal.show("  \(option.key): \(option.value)") }
      for line in report.precision?.text.split(separator: "\n") ?? [] { Terminal.show("  \(line)") }
    }
    if let narrowing = report.precision, !narrowing.holdsTarget {
      Terminal.report("warning: the wanted PSNR is not held")
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
