import Foundation
import Imaging
import ModelImport
import TensorCore
import TestSupport
import Testing

@testable import PartialConv

/// Photographs through the slim fixture of NVIDIA's ResNet18.
@Suite struct ClassificationTests {
  /// What Pillow 13.0 and torchvision's formulas made of `photograph(width, height)`.
  struct Prepared: Sendable, CustomTestStringConvertible {
    let width: Int
    let height: Int
    /// The RGB samples at row 100, column 57, after normalisation.
    let pixel: [Float]
    /// Sum of the 8-bit samples, and of each times one more than its position modulo 65521.
    let sum: Int
    let weightedSum: Int

    var testDescription: String { "\(width)x\(height)" }
  }

  private static let prepared = [
    Prepared(
      width: 300, height: 217,
      pixel: [-0.4568028450012207, 1.0630252361297607, 1.0713727474212646],
      sum: 18_656_314, weightedSum: 556_401_844_627),
    Prepared(
      width: 217, height: 300,
      pixel: [-0.23418104648590088, 0.4852942228317261, 1.2979522943496704],
      sum: 18_670_768, weightedSum: 556_241_756_940),
    Prepared(
      width: 640, height: 481, pixel: [0.348060667514801, 0.5203081965446472, 0.5659261345863342],
      sum: 18_666_300, weightedSum: 555_554_751_923),
    Prepared(
      width: 97, height: 41,
      pixel: [-1.809658408164978, -1.0728291273117065, -0.30553367733955383],
      sum: 18_829_304, weightedSum: 561_101_540_047),
    Prepared(
      width: 256, height: 511,
      pixel: [0.8104289770126343, -0.9852941036224365, 1.6988236904144287],
      sum: 18_668_703, weightedSum: 556_100_910_801),
  ]

  private let folder: TemporaryFolder
  private let session: ModelSession

  init() throws {
    folder = try TemporaryFolder()
    _ = try ModelConversion.convert(
      PackageFiles.fixture("pytorch/pdresnet18.pth.tar"), to: folder.path("model.pcm"),
      ImportRequest(), replacing: false)
    session = try Model.load(folder.path("model.pcm")).makeSession()
  }

  private func photograph(_ width: Int, _ height: Int) -> Picture {
    Picture(
      width: width, height: height, channels: 3, bitDepth: 8,
      samples: (0..<width * height * 3).map { UInt16($0 * $0 / 7 % 251) })
  }

  @Test(arguments: prepared)
  func `prepares pictures as Pillow and torchvision do`(_ row: Prepared) throws {
    let input = try PictureClassification(session).input(for: photograph(row.width, row.height))
    #expect(input.shape == [1, 3, 224, 224])
    let values = input.transposed([0, 2, 3, 1]).floatArray
    let start = (100 * 224 + 57) * 3
    #expect(Array(values[start..<start + 3]) == row.pixel)
    let mean: [Float] = [0.485, 0.456, 0.406]
    let deviation: [Float] = [0.229, 0.224, 0.225]
    let samples = values.enumerated().map { index, value in
      Int(((value * deviation[index % 3] + mean[index % 3]) * 255).rounded())
    }
    #expect(samples.reduce(0, +) == row.sum)
    #expect(
      samples.enumerated().reduce(0) { $0 + $1.element * ($1.offset % 65521 + 1) }
        == row.weightedSum)
  }

  @Test func `gives the softmax of the logits, most probable first`() throws {
    let classification = try PictureClassification(session)
    let photo = photograph(300, 217)
    let logits = try session.run(["image": classification.input(for: photo)])[0].tensor
    #expect(logits.shape == [1, classification.classCount])
    let weights = logits.floatArray.map { exp(Double($0)) }
    let total = weights.reduce(0, +)
    let all = try classification.topClasses(of: photo, count: .max)
    #expect(all.map(\.index).sorted() == Array(weights.indices))
    #expect(all.allSatisfy { abs($0.probability - weights[$0.index] / total) < 1e-14 })
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.probability >= $1.probability })
    #expect(abs(all.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
    #expect(try classification.topClasses(of: photo, count: 3) == Array(all.prefix(3)))
  }

  @Test(arguments: [(1, 8), (2, 8), (4, 8), (3, 16), (1, 16)])
  func `takes pictures of any kind`(_ channels: Int, _ bitDepth: Int) throws {
    let classification = try PictureClassification(session)
    let scale = bitDepth == 16 ? 257 : 1
    let grey = Picture(
      width: 224, height: 256, channels: 3, bitDepth: 8,
      samples: (0..<224 * 256 * 3).map { UInt16($0 / 3 % 251) })
    let other = Picture(
      width: 224, height: 256, channels: channels, bitDepth: bitDepth,
      samples: (0..<224 * 256 * channels).map { UInt16($0 / channels % 251 * scale) })
    let expected = try classification.input(for: grey).floatArray
    let values = try classification.input(for: other).floatArray
    #expect(zip(expected, values).allSatisfy { abs($0 - $1) < 0.02 })
  }

  @Test func `rejects pictures whose other side would grow beyond all limits`() throws {
    let line = Picture(
      width: 300_000, height: 1, channels: 1, bitDepth: 8,
      samples: [UInt16](repeating: 3, count: 300_000))
    let error = #expect(throws: PartialConvError.self) {
      try PictureClassification(session).topClasses(of: line, count: 1)
    }
    #expect(error?.kind == .unreadable)
  }

  @Test(arguments: ["keras/unet_weights.h5", "crai/first_bn.pth"])
  func `rejects a model that does not classify`(_ name: String) throws {
    _ = try ModelConversion.convert(
      PackageFiles.fixture(name), to: folder.path("other.pcm"), ImportRequest(), replacing: false)
    let other = try Model.load(folder.path("other.pcm")).makeSession()
    let error = #expect(throws: PartialConvError.self) { try PictureClassification(other) }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("mask") == true, "\(error?.message ?? "")")
  }

  @Test func `rejects a model file that does not say how pictures are prepared`() throws {
    let text = try String(
      contentsOfFile: PackageFiles.description("nvidia-pdresnet"), encoding: .utf8)
    let picture = try #require(text.range(of: ",\n  \"picture\": {"))
    let description = try folder.write(
      Data((text[..<picture.lowerBound] + "\n}").utf8), as: "mine.json")
    _ = try ModelConversion.convert(
      PackageFiles.fixture("pytorch/pdresnet18.pth.tar"), to: folder.path("other.pcm"),
      ImportRequest(network: description), replacing: false)
    let other = try Model.load(folder.path("other.pcm")).makeSession()
    let error = #expect(throws: PartialConvError.self) { try PictureClassification(other) }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("--input") == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [
    PictureProcessing(),
    PictureProcessing(mean: [0.1, 0.2, 0.3], feedsMaskedPicture: true, outputIsNormalised: true),
    PictureProcessing(resize: 256, crop: 224), PictureProcessing(crop: 1),
    PictureProcessing(resize: 65536, deviation: [2, 3, 4]),
  ])
  func `reads the settings that it writes`(_ processing: PictureProcessing) {
    #expect(PictureProcessing(settings: processing.settings) == processing)
  }

  @Test func `reads the settings of files without sizes`() {
    let settings = [
      ("mean", "0.0 0.5 0.0"), ("deviation", "1.0 1.0 2.0"), ("feeds-masked-picture", "true"),
      ("output-is-normalised", "false"),
    ].map { (name: $0.0, value: $0.1) }
    let processing = PictureProcessing(
      mean: [0, 0.5, 0], deviation: [1, 1, 2], feedsMaskedPicture: true)
    #expect(PictureProcessing(settings: settings) == processing)
    #expect(processing.settings.map(\.name) == settings.map(\.name))
  }

  @Test(arguments: ["0", "-1", "65537", "9223372036854775807", "99999999999999999999", "", "a"])
  func `rejects sizes that make no sense`(_ text: String) {
    for name in ["resize", "crop"] {
      let settings = PictureProcessing().settings + [(name: name, value: text)]
      #expect(PictureProcessing(settings: settings) == nil)
    }
  }

  @Test(arguments: [
    ("a\nb", ["a", "b"]), ("a\nb\n", ["a", "b"]), ("a\r\nb c\r\n\r\n", ["a", "b c"]),
    ("\nschön\n\n", ["", "schön"]),
  ])
  func `reads a label per line`(_ text: String, _ names: [String]) throws {
    let path = try folder.write(Data(text.utf8), as: "labels.txt")
    #expect(try ClassLabels.read(path, count: 2).names == names)
  }

  @Test(arguments: [
    (Data("a\nb\nc\n".utf8), PartialConvError.Kind.mismatch, ["3 labels", "2 classes"]),
    (Data("a".utf8), .mismatch, ["1 labels", "2 classes"]),
    (Data([0x61, 0x0A, 0xFF]), .unreadable, ["UTF-8"]), (Data(), .unreadable, []),
    (Data(count: 1 << 24 + 1), .unreadable, ["one label per line"]),
  ])
  func `rejects labels that do not fit`(
    _ bytes: Data, _ kind: PartialConvError.Kind, _ words: [String]
  ) throws {
    let path = try folder.write(bytes, as: "labels.txt")
    let error = #expect(throws: PartialConvError.self) { try ClassLabels.read(path, count: 2) }
    #expect(error?.kind == kind)
    #expect(error?.message.contains("labels.txt") == true)
    for word in words { #expect(error?.message.contains(word) == true, "\(word)") }
  }

  @Test(arguments: [
    ("\"resize\": 256", "\"resize\": 0", "at least 1"),
    ("\"crop\": 224", "\"crop\": 99999", "at most 65536"),
    ("\"crop\": 224", "\"cut\": 224", "'cut' is not known here"),
    ("\"image\": {", "\"mask\": { \"channels\": 3 }, \"image\": {", "take no mask"),
  ])
  func `rejects a description whose sizes make no sense`(
    _ pattern: String, _ replacement: String, _ words: String
  ) throws {
    let text = try String(
      contentsOfFile: PackageFiles.description("nvidia-pdresnet"), encoding: .utf8)
    try #require(text.contains(pattern))
    let path = try folder.write(
      Data(text.replacing(pattern, with: replacement).utf8), as: "mine.json")
    let error = #expect(throws: PartialConvError.self) {
      try ModelExplanation(
        of: PackageFiles.fixture("pytorch/pdresnet18.pth.tar"), ImportRequest(network: path))
    }
    #expect(error?.kind == .unreadable)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }
}
