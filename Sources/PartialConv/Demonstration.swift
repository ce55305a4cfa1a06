import Foundation
import Imaging
import ModelFile
import ModelImport

/// The default model at work on a damaged photograph; both ship with the library.
public enum Demonstration {
  /// What a demonstration wrote.
  public struct Outcome: Sendable {
    /// The default model, converted.
    public let model: String
    /// The filled photograph.
    public let filled: String
    /// The damaged photograph, its mask and the filled photograph side by side.
    public let comparison: String
    /// Missing pixels over all pixels, 0...1.
    public let missingShare: Double
    /// Whether the model had to be converted.
    public let wasConverted: Bool
  }

  private static let checkpoint = "default/partial-unet.h5"
  private static let photograph = "default/demo.jpg"
  private static let damage = "default/demo-mask.png"
  private static let gap = 8

  /// Converts the default model unless `folder` holds it already, fills the photograph, and writes
  /// `default.pcm`, `filled.png` and `before-mask-after.png` to `folder`, which is made if needed.
  ///
  /// - Throws: `PartialConvError` when a file cannot be read or written.
  public static func run(
    in folder: String, threads: Int? = nil
  ) throws(PartialConvError) -> Outcome {
    let place = { (name: String) in URL(fileURLWithPath: folder).appendingPathComponent(name).path }
    try makeFolder(folder)
    let (model, wasConverted) = try convertedModel(at: place("default.pcm"))
    let (photograph, damage) = try reporting { () throws(ImportError) in
      (try ModelsFolder.file(Self.photograph), try ModelsFolder.file(Self.damage))
    }
    let (picture, mask) = try PictureFiles.read(photograph, mask: damage, validColor: .white)
    let filled = try PictureInpainting(model.makeSession(threads: threads)).fill(picture, mask)
    let strip = Picture.strip([picture.damaged(by: mask), mask.picture, filled], gap: gap)
    try PictureFiles.write(filled, place("filled.png"))
    try PictureFiles.write(strip, place("before-mask-after.png"))
    return Outcome(
      model: place("default.pcm"), filled: place("filled.png"),
      comparison: place("before-mask-after.png"),
      missingShare: Double(mask.counts.missing) / Double(mask.width * mask.height),
      wasConverted: wasConverted)
  }

  private static func makeFolder(_ folder: String) throws(PartialConvError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw PartialConvError(
        .usage,
        "\(folder): cannot be made a folder (\(error.localizedDescription)) — "
          + "give another one with --output")
    }
  }

  /// The model file at `path`, made anew unless it was made from this very checkpoint.
  private static func convertedModel(
    at path: String
  ) throws(PartialConvError) -> (model: Model, wasConverted: Bool) {
    let source = try reporting { () throws(ImportError) in try ModelsFolder.file(checkpoint) }
    let digest = try reporting { () throws(ModelFileError) in try SHA256Digest(ofFile: source) }
    let present = try? Model.load(path, verifyingTensors: true)
    if let present, present.stored.provenance.source?.digest == digest { return (present, false) }
    let isOlder =
      present?.stored.provenance.source?.fileName
      == URL(fileURLWithPath: source).lastPathComponent
    _ = try ModelConversion.convert(source, to: path, ImportRequest(), replacing: isOlder)
    return (try Model.load(path), true)
  }
}

extension Picture {
  /// The picture with its missing pixels white.
  fileprivate func damaged(by mask: Mask) -> Picture {
    var samples = samples
    for (pixel, validity) in mask.validity.enumerated() where validity != 1 {
      for index in pixel * channels..<(pixel + 1) * channels {
        samples[index] = UInt16(maximumSample)
      }
    }
    return Picture(
      width: width, height: height, channels: channels, bitDepth: bitDepth, samples: samples)
  }
}
