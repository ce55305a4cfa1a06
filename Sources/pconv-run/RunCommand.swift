public import ArgumentParser
import CommandSupport
public import Imaging
import PartialConv
import TensorCore

@main
struct RunCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pconv-run",
    abstract: "Runs a converted model on a picture with a mask, or on arrays.",
    discussion: """
      EXAMPLES
        pconv-run inpainting.pcm --image photo.jpg --mask mask.png -o filled.png
        pconv-run inpainting.pcm --image photo.png --mask holes.png --mask-valid black -o out.png
        pconv-run climate.pcm --input months.npz --output filled.npz
        pconv-run climate.pcm --input image=field.npy --input mask=valid.npy --output filled.npz
        pconv-run inpainting.pcm --input months.npz --benchmark 10 --threads 2
      """,
    version: ProductVersion.text)

  @Argument(help: "The model file.")
  var model: String

  @Option(help: "An .npz of arrays by name, or NAME=FILE.npy; may be repeated.")
  var input: [String] = []

  @Option(help: "A PNG or JPEG picture.")
  var image: String?

  @Option(help: "The picture's mask, a PNG or JPEG of the same size.")
  var mask: String?

  @Option(help: "The colour of valid pixels in the mask: white or black.")
  var maskValid: MaskPolarity = .white

  @Option(name: .shortAndLong, help: "Where the result goes: .npz for arrays, .png or .jpg for pictures.")
  var output: String?

  @Flag(help: "Write the network's own output instead of filling the missing pixels only.")
  var raw = false

  @Option(help: "Time this many runs after one that is not counted.")
  var benchmark: Int?

  @Option(help: "Threads; default: the processors this process may use.")
  var threads: Int?

  @Flag(help: "Print the benchmark as JSON.")
  var json = false

  @Flag(help: "Print nothing, or with --benchmark only the median in seconds.")
  var quiet = false

  func validate() throws {
    guard input.isEmpty != (image == nil && mask == nil) else {
      throw ValidationError("give either --input, or --image and --mask")
    }
    guard (image == nil) == (mask == nil) else {
      throw ValidationError("--image and --mask go together")
    }
    guard output != nil || benchmark != nil else { throw ValidationError("give --output or --benchmark") }
    guard (threads ?? 1) >= 1, (benchmark ?? 1) >= 1 else {
      throw ValidationError("--threads and --benchmark take positive numbers")
    }
  }

  func perform() throws(PartialConvError) {
    let session = try Model.load(model).makeSession(threads: threads)
    if let image, let mask {
      try runPicture(session, image, mask)
    } else {
      try runArrays(session)
    }
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

  private func runArrays(_ session: ModelSession) throws(PartialConvError) {
    let inputs = try ArrayInputs(input, for: session.model).tensors
    let outputs = try measured(session) { () throws(PartialConvError) in try session.run(inputs) }
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

  /// Runs once, or as often as `--benchmark` asks, and prints the times.
  private func measured<Result>(
    _ session: ModelSession, _ body: () throws(PartialConvError) -> Result
  ) throws(PartialConvError) -> Result {
    var result = try body()
    guard let benchmark else { return result }
    let bar = ProgressBar(stepCount: benchmark, isShown: !quiet)
    defer { bar.finish() }
    var seconds: [Double] = []
    for number in 1...benchmark {
      bar.advance("run \(number) of \(benchmark)")
      let start = ContinuousClock.now
      result = try body()
      let parts = (ContinuousClock.now - start).components
      seconds.append(Double(parts.seconds) + Double(parts.attoseconds) * 1e-18)
    }
    bar.finish()
    BenchmarkReport(seconds, session).print(json: json, quiet: quiet)
    return result
  }
}

extension MaskPolarity: ExpressibleByArgument {}
