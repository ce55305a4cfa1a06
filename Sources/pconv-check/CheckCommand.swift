import ArgumentParser
import CommandSupport
import ModelChecking
import PartialConv

@main
struct CheckCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pconv-check",
    abstract: "Compares a converted model with references, and shows what is in it.",
    discussion: """
      References are .npz, .npy, .h5, .safetensors, or a folder of .npy. Arrays are paired with \
      inputs and outputs by name. A value passes a tolerance when its error is at most \
      atol + rtol x the largest magnitude of the reference.

      EXAMPLES
        pconv-check inpainting.pcm reference.npz
        pconv-check inpainting.pcm reference.npz --rtol 2e-5 --psnr output:80 --html report.html
        pconv-check inpainting.pcm reference.npz --map output=output_train_bn --ignore output
        pconv-check inpainting.pcm reference.npz layers/ --per-layer --isolate
        pconv-check inpainting.pcm reference.npz --bisect --source checkpoint.h5
        pconv-check inpainting.pcm --against interpreter --tier fast
        pconv-check inpainting.pcm --evaluate photos/ --masks masks/
        pconv-check --inspect inpainting.pcm --svg graph.svg
        pconv-check --verify inpainting.pcm
        pconv-check --diff old.pcm new.pcm

      EXIT STATUS
        0 everything was compared and passed; 1 something differs; 2 usage; 3 a file cannot be \
      read; 5 a reference is missing, misnamed or misshapen; 6 a value is not finite
      """,
    version: ProductVersion.text)

  @Argument(help: "The model file, then the references.")
  var files: [String]

  @OptionGroup(title: "Comparison")
  var comparison: ComparisonOptions

  @OptionGroup(title: "Finding a fault")
  var search: SearchOptions

  @OptionGroup(title: "Evaluation")
  var evaluation: EvaluationOptions

  @OptionGroup(title: "Inspection")
  var inspection: InspectionOptions

  @OptionGroup(title: "Reports")
  var output: ReportOptions

  func validate() throws {
    let modes = [
      inspection.inspect, inspection.verify, inspection.diff, comparison.against != nil,
      evaluation.evaluate != nil, search.perLayer, search.bisect,
    ]
    let hasPage =
      !(inspection.inspect || inspection.verify || inspection.diff || search.bisect
      || evaluation.evaluate != nil)
    guard hasPage || output.html == nil else {
      throw ValidationError("--html goes with comparisons of outputs and layers")
    }
    guard modes.count(where: { $0 }) <= 1 else {
      throw ValidationError(
        "--inspect, --verify, --diff, --against, --evaluate, --per-layer and --bisect "
          + "are one at a time"
      )
    }
  }

  func perform() throws(PartialConvError) {
    try FileArguments.check(
      inputs: files + search.inputs + evaluation.inputs,
      outputs: [output.html, inspection.dot, inspection.svg].compactMap(\.self))
    try comparison.numeric.selectInstructionSet()
    if inspection.inspect {
      try inspection.showModel(single("--inspect"), comparison.numeric, output)
    } else if inspection.verify {
      try inspection.verifyModel(single("--verify"), output)
    } else if inspection.diff {
      try inspection.showDifference(files, output)
    } else {
      let model = try CheckedModel(files[0])
      if comparison.against != nil {
        try comparison.compareVariants(model, references: Array(files.dropFirst()), output)
      } else if evaluation.evaluate != nil {
        try evaluation.evaluate(model, comparison.numeric, output)
      } else if search.perLayer {
        try search.compareLayers(model, Array(files.dropFirst()), comparison, output)
      } else if search.bisect {
        try search.bisect(model, Array(files.dropFirst()), comparison, output)
      } else {
        try comparison.compare(model, references: Array(files.dropFirst()), output)
      }
    }
  }

  private func single(_ option: String) throws(PartialConvError) -> String {
    guard files.count == 1 else {
      throw PartialConvError(.usage, "\(option) takes one model file")
    }
    return files[0]
  }
}
