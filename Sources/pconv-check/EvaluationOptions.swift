public import ArgumentParser
import CommandSupport
public import Imaging
import ModelChecking
import PartialConv

/// Measuring how well a model fills pictures.
struct EvaluationOptions: ParsableArguments {
  @Option(
    help:
      "A folder of PNG and JPEG pictures, or one picture: print l1, PSNR and SSIM by hole ratio.")
  var evaluate: String?

  @Option(help: "With --evaluate: a folder of masks, or one mask; default: seeded irregular ones.")
  var masks: String?

  @Option(help: "With --masks: the colour of valid pixels, white or black.")
  var maskValid: MaskPolarity = .white

  @Option(help: "Without --masks: masks of each kind for every picture.")
  var masksPerPicture = 1

  /// The files and folders that are read.
  var inputs: [String] { [evaluate, masks].compactMap(\.self) }

  func validate() throws {
    guard (1...1000).contains(masksPerPicture) else {
      throw ValidationError("--masks-per-picture is from 1 to 1000")
    }
    guard masks == nil || evaluate != nil else {
      throw ValidationError("--masks goes with --evaluate")
    }
  }

  /// Fills every picture under every mask.
  func evaluate(
    _ model: CheckedModel, _ numeric: TierOption, _ output: ReportOptions
  ) throws(PartialConvError) {
    let inpainting = try PictureInpainting(
      Model.load(model.path, tier: numeric.tier).makeSession())
    let pictures = try PictureFiles.list(evaluate ?? "")
    let maskFiles = try masks.map { path throws(PartialConvError) in try PictureFiles.list(path) }
    let perPicture = maskFiles?.count ?? IrregularMask.publishedRatios.count * 2 * masksPerPicture
    let bar = ProgressBar(stepCount: pictures.count * perPicture, isShown: !output.quiet)
    defer { bar.finish() }
    var evaluation = Evaluation(model: model.path)
    for (number, path) in pictures.enumerated() {
      let picture = try imaging { () throws(ImagingError) in try Picture.read(path) }
      for mask in try maskList(maskFiles, picture, seed: UInt64(number)) {
        bar.advance(path)
        let filled = try inpainting.fill(picture, mask)
        try checking { () throws(CheckError) in
          try evaluation.add(original: picture, filled: filled, mask: mask)
        }
      }
    }
    bar.finish()
    output.print(evaluation, text: evaluation.text)
  }

  private func maskList(
    _ files: [String]?, _ picture: Picture, seed: UInt64
  ) throws(PartialConvError) -> [Mask] {
    guard let files else {
      var generator = IrregularMask(width: picture.width, height: picture.height, seed: seed)
      var masks: [Mask] = []
      for _ in 0..<masksPerPicture {
        for ratio in IrregularMask.publishedRatios {
          masks.append(generator.next(ratio: ratio, reachesBorder: false))
          masks.append(generator.next(ratio: ratio, reachesBorder: true))
        }
      }
      return masks
    }
    var masks: [Mask] = []
    for file in files {
      masks.append(
        try imaging { () throws(ImagingError) in
          let drawn = try Picture.read(file).resized(
            width: picture.width, height: picture.height, filter: .nearest)
          return try Mask(drawn, validColor: maskValid, name: file)
        })
    }
    return masks
  }
}

extension MaskPolarity: ExpressibleByArgument {}

/// Runs `body` and gives an error of pictures as one of the commands.
private func imaging<Result>(
  _ body: () throws(ImagingError) -> Result
) throws(PartialConvError) -> Result {
  do throws(ImagingError) {
    return try body()
  } catch {
    throw PartialConvError(.unreadable, error.description)
  }
}
