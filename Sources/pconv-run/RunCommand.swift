public import ArgumentParser
import CommandSupport
public import Imaging
import InferenceRuntime
import PartialConv
import TensorCore

@main
struct RunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pconv-run",
    abstract: "Runs a converted model on a picture, with a mask or to classify it, or on arrays.",
    discussion: """
      EXAMPLES
        pconv-run --demo
        pconv-run inpainting.pcm --image photo.jpg --mask mask.png -o filled.png
        pconv-run inpainting.pcm --image photo.png --mask holes.png --mask-valid black -o out.png
        pconv-run resnet.pcm --image photo.jpg --labels imagenet.txt --top 3
        pconv-run climate.pcm --input months.npz --output filled.npz
        pconv-run climate.pcm --input image=field.npy --input mask=valid.npy --output filled.npz
        pconv-run inpainting.pcm --input months.npz --benchmark 10 --threads 2 --tier fast
        pconv-run inpainting.pcm --input months.npz --profile trace.json --isa avx2
      """,
    version: ProductVersion.text)

  @Argument(help: "The model file.")
  var model: String?

  @Flag(
    help: """
      Fill a damaged photograph by the default model, which both ship with the program; --output is \
      then a folder; default: pconv-demo.
      """)
  var demo = false

  @Option(help: "An .npz of arrays by name, or NAME=FILE.npy; may be repeated.")
  var input: [String] = []

  @Option(help: "A PNG or JPEG picture.")
  var image: String?

  @Option(help: "The picture's mask, to fill it: a PNG or JPEG of the same size.")
  var mask: String?

  @Option(help: "The colour of valid pixels in the mask: white or black.")
  var maskValid: MaskPolarity = .white

  @Option(help: "Names of the classes, to classify the picture: a text file, one per line.")
  var labels: String?

  @Option(help: "With --labels: how many classes to print, the most probable first; default: 5.")
  var top: Int?

  @Option(
    name: .shortAndLong, help: "Where the result goes: .npz for arrays, .png or .jpg for pictures.")
  var output: String?

  @Flag(help: "Write the network's own output instead of filling the missing pixels only.")
  var raw = false

  @Option(help: "Print the time of this many runs after one that is not counted, but no classes.")
  var benchmark: Int?

  @Option(
    help: """
      Time the layers of one more run and write them to this file, as a trace that Chrome's \
      about:tracing and Perfetto show.
      """)
  var profile: String?

  @OptionGroup
  var numeric: TierOption

  @Option(help: "Threads; default: the processors this process may use.")
  var threads: Int?

  @Flag(help: "Print the classes or the benchmark as JSON.")
  var json = false

  @Flag(help: "Print nothing but the classes, or with --benchmark only the median in seconds.")
  var quiet = false

  func validate() throws {
    if demo {
      guard model == nil, input.isEmpty, image == nil, mask == nil, labels == nil, benchmark == nil,
        profile == nil
      else { throw ValidationError("--demo takes only --output, --threads and --quiet") }
      return
    }
    guard model != nil else { throw ValidationError("Missing expected argument '<model>'") }
    guard input.isEmpty != (image == nil && mask == nil && labels == nil) else {
      throw ValidationError("give either --input, or --image with --mask or --labels")
    }
    if let fault = pictureFault { throw ValidationError(fault) }
    guard output != nil || benchmark != nil || labels != nil || profile != nil else {
      throw ValidationError("give --output, --benchmark or --profile")
    }
    guard (threads ?? 1) >= 1, (benchmark ?? 1) >= 1, (top ?? 1) >= 1 else {
      throw ValidationError("--threads, --benchmark and --top take positive numbers")
    }
  }

  /// What is wrong with the options that say what is done with a picture, or nil.
  private var pictureFault: String? {
    switch (image, mask, labels) {
    case (nil, nil, nil), (_?, _?, nil): top == nil ? nil : "--top goes with --labels"
    case (_?, nil, nil):
      "--image also needs --mask, the mask of a picture to fill, or --labels, the names of the "
        + "classes of a picture to classify"
    case (nil, _, nil): "--image and --mask go together"
    case (_, _?, _?): "give --mask to fill the picture or --labels to classify it, not both"
    case (nil, nil, _?): "--labels goes with --image"
    case (_?, nil, _?):
      output == nil
        ? nil : "--labels prints classes; for a file of logits, give --input and --output instead"
    }
  }

  func perform() throws(PartialConvError) {
    if demo { return try runDemonstration() }
    try checkFiles()
    try numeric.selectInstructionSet()
    guard let model else { preconditionFailure("a run without a model passed validation") }
    let session = try Model.load(model, tier: numeric.tier)
      .makeSession(threads: threads, retaining: .nothing)
    if let image, let mask {
      try runPicture(session, image, mask)
    } else if let image, let labels {
      try runClassification(session, image, labels)
    } else {
      try runArrays(session)
    }
  }

  private func checkFiles() throws(PartialConvError) {
    if image != nil, let output { try PictureFiles.checkName(output) }
    let arrays =
      input + input.compactMap { $0.split(separator: "=", maxSplits: 1).last.map(String.init) }
    try FileArguments.check(
      inputs: [model, image, mask, labels].compactMap(\.self) + arrays,
      outputs: [output, profile].compactMap(\.self))
  }

  private func runDemonstration() throws(PartialConvError) {
    let outcome = try Demonstration.run(in: output ?? "pconv-demo", threads: threads)
    guard !quiet else { return }
    let share = Int((outcome.missingShare * 100).rounded())
    Terminal.report(
      "\(outcome.wasConverted ? "converted" : "found") the default model, \(outcome.model); "
        + "filled \(share) % of the photograph")
    print("\(outcome.comparison)\n\(outcome.filled)")
  }

  private func runPicture(
    _ session: ModelSession, _ imagePath: String, _ maskPath: String
  ) throws(PartialConvError) {
    let inpainting = try PictureInpainting(session)
    let (picture, mask) = try PictureFiles.read(imagePath, mask: maskPath, validColor: maskValid)
    if mask.counts.valid == 0 {
      Terminal.report(
        "warning: the mask has no valid pixel; if its valid pixels are "
          + "\(maskValid == .white ? "black" : "white"), say so with --mask-valid")
    }
    let filled = try measured(session) { () throws(PartialConvError) in
      try inpainting.fill(picture, mask, isComposited: !raw)
    }
    if let output { try PictureFiles.write(filled, output) }
  }

  private func runClassification(
    _ session: ModelSession, _ imagePath: String, _ labelsPath: String
  ) throws(PartialConvError) {
    let classification = try PictureClassification(session)
    let names = try ClassLabels.read(labelsPath, count: classification.classCount)
    let picture = try PictureFiles.read(imagePath)
    let scores = try measured(session) { () throws(PartialConvError) in
      try classification.topClasses(of: picture, count: top ?? 5)
    }
    if benchmark == nil { ClassReport(scores, names).print(json: json) }
  }

  private func runArrays(_ session: ModelSession) throws(PartialConvError) {
    let inputs = try ArrayInputs(input, for: session.model)
    if let doubt = inputs.doubt { Terminal.report("warning: \(doubt)") }
    let outputs = try measured(session) { () throws(PartialConvError) in
      try session.run(inputs.tensors)
    }
    for (name, tensor) in outputs {
      let broken = tensor.floatArray.count { !$0.isFinite }
      guard broken == 0 else {
        throw PartialConvError(
          .notFinite,
          "output '\(name)' has \(broken) of \(tensor.elementCount) values that are not finite; "
            + "nothing was written — look for such values in the inputs")
      }
    }
    if let output { try ArrayFile.writeArchive(outputs, to: output) }
  }

  /// Runs once, or as often as `--benchmark` and `--profile` ask, and prints the times.
  private func measured<Result>(
    _ session: ModelSession, _ body: () throws(PartialConvError) -> Result
  ) throws(PartialConvError) -> Result {
    let result = try body()
    if let benchmark { try time(benchmark, session, body) }
    if let profile {
      session.recordsTimes = true
      _ = try body()
      session.recordsTimes = false
      try RunProfile(session).write(to: profile)
    }
    return result
  }

  /// Runs `count` times and prints how long they took.
  private func time<Result>(
    _ count: Int, _ session: ModelSession, _ body: () throws(PartialConvError) -> Result
  ) throws(PartialConvError) {
    let bar = ProgressBar(stepCount: count, isShown: !quiet)
    defer { bar.finish() }
    var seconds: [Double] = []
    for number in 1...count {
      bar.advance("run \(number) of \(count)")
      let start = ContinuousClock.now
      _ = try body()
      let parts = (ContinuousClock.now - start).components
      seconds.append(Double(parts.seconds) + Double(parts.attoseconds) * 1e-18)
    }
    bar.finish()
    BenchmarkReport(seconds, session).print(json: json, quiet: quiet)
  }
}

extension MaskPolarity: ExpressibleByArgument {}
