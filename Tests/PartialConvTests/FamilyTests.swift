import Foundation
import GraphReference
import ModelImport
import PartialConv
import TensorCore
import Testing

@Suite struct FamilyTests {
  @Test(arguments: FamilyCase.all)
  func `agrees with the framework as imported and as converted`(_ example: FamilyCase) throws {
    let arrays = try example.loadArrays()
    let inputs = arrays.filter { ["image", "mask"].contains($0.key) }
    let imported = try ImporterRegistry.importModel(example.checkpoint, example.request)
    #expect(imported.network == example.network)
    let literal = try Interpreter(imported.graph).run(inputs)
    #expect(try example.difference(literal, arrays) <= 1e-5)

    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "model.pcm").path
    _ = try ModelConversion.convert(
      example.checkpoint, to: path, example.request, replacing: false)
    let converted = try Model.load(path).makeSession().run(inputs)
    #expect(try example.difference(converted, arrays) <= 1e-5)
  }

  @Test func `warns of levels that were never trained`() throws {
    let imported = try ImporterRegistry.importModel(
      FamilyCase.fixture("families/climatereconstruction_2020.pth"), ImportRequest())
    #expect(imported.options.contains { $0.key == "levels" && $0.value == "3" })
    #expect(imported.notes.contains { $0.contains("leaves") })
  }

  @Test func `rejects sizes that the padding of one branch makes unequal`() throws {
    let imported = try ImporterRegistry.importModel(
      FamilyCase.fixture("families/javirk.pth"), ImportRequest(network: "javirk"))
    let arrays = try FamilyCase(network: "javirk", file: "families/javirk").loadArrays()
    #expect(throws: (any Error).self) { try Interpreter(imported.graph).run(arrays) }
  }

  @Test func `rejects bounds that are no numbers, too many or out of order`() {
    for (minimum, maximum) in [("low", "none"), ("0,1", "none"), ("2", "1")] {
      let error = #expect(throws: ImportError.self) {
        try ImporterRegistry.importModel(
          FamilyCase.fixture("crai/pooling.pth"),
          ImportRequest(settings: ["minimum": minimum, "maximum": maximum]))
      }
      #expect(error?.code == .badOption)
    }
  }
}

/// A checkpoint of one family and what its framework computed.
struct FamilyCase: Sendable, CustomTestStringConvertible {
  /// The description that must be chosen.
  var network: String
  /// The checkpoint without its ending, and the arrays beside it.
  var file: String
  var ending = "pth"
  /// What `--network` says; nil where the checkpoint shows its family.
  var asked: String?
  var settings: [String: String] = [:]
  var key = "output"

  static let all: [FamilyCase] =
    [
      "bobqywei", "tanimutomo", "yuitc", "xyfjason", "jacobaustin123", "niceringnode", "ishyuhi",
    ].map { FamilyCase(network: $0, file: "families/\($0)") } + [
      FamilyCase(network: "naoto0804", file: "families/deocclusion"),
      FamilyCase(network: "naoto0804", file: "families/climatereconstruction_2020"),
      FamilyCase(
        network: "javirk", file: "families/javirk", asked: "javirk",
        settings: ["height": "100", "width": "150"]),
      FamilyCase(network: "nvidia-pdvgg", file: "families/pdvgg11", ending: "pth.tar"),
      FamilyCase(
        network: "nvidia-pdvgg", file: "families/pdvgg19_bn", ending: "pth.tar",
        asked: "nvidia-pdvgg19-bn"),
      climate("pooling"), climate("without_skips"), climate("channel_steps"),
      climate("pooling", ["minimum": "-1.5", "maximum": "2"], key: "output_between"),
      climate("pooling", ["minimum": "0.25"], key: "output_above"),
      climate("pooling", ["maximum": "2"], key: "output_below"),
    ]

  private static func climate(
    _ name: String, _ settings: [String: String] = [:], key: String = "output"
  ) -> FamilyCase {
    FamilyCase(
      network: "climatereconstruction", file: "crai/\(name)", settings: settings, key: key)
  }

  static func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/\(name)").path
  }

  var checkpoint: String { Self.fixture("\(file).\(ending)") }
  var request: ImportRequest { ImportRequest(network: asked, settings: settings) }
  var testDescription: String {
    ([file, key] + settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
      .joined(separator: " ")
  }

  func loadArrays() throws -> [String: Tensor] {
    try Dictionary(
      ArrayFile.readArchive(Self.fixture("\(file).npz"))
        .map { ($0.name, $0.tensor.convertedToFloat32()) }
    ) { $1 }
  }

  /// `max |output - reference| / max |reference|`; infinite when a value is not finite.
  func difference(
    _ outputs: [(name: String, tensor: Tensor)], _ arrays: [String: Tensor]
  ) throws -> Double {
    let output = try #require(outputs.first { $0.name == "output" }).tensor
    let reference = try #require(arrays[key])
    let step = Int(arrays["sample_step"]?.floatArray.first ?? 1)
    let values = step == 1 ? output.floatArray : Self.sampled(output, step: step)
    let wanted = reference.floatArray
    guard values.count == wanted.count, (values + wanted).allSatisfy(\.isFinite) else {
      return .infinity
    }
    let largest = try #require(wanted.map { Double(abs($0)) }.max())
    return (zip(values, wanted).map { abs(Double($0) - Double($1)) }.max() ?? 0) / largest
  }

  /// Every `step`-th row and column.
  private static func sampled(_ tensor: Tensor, step: Int) -> [Float] {
    let (rows, columns) = (tensor.shape[2], tensor.shape[3])
    let values = tensor.floatArray
    var result: [Float] = []
    for plane in 0..<tensor.shape[0] * tensor.shape[1] {
      for row in stride(from: 0, to: rows, by: step) {
        for column in stride(from: 0, to: columns, by: step) {
          result.append(values[(plane * rows + row) * columns + column])
        }
      }
    }
    return result
  }
}

@Suite struct FamilyRecognitionTests {
  @Test func `rejects VGG weights that record no architecture and lists the candidates`() throws {
    let error = try refusal("families/bare_vgg")
    #expect(error.code == .ambiguous)
    #expect(error.message.contains("nvidia-pdvgg"))
  }

  @Test(arguments: [
    ("families/rfr", "RFR"), ("crai/lstm", "lstm-steps"), ("crai/attention", "attention"),
  ])
  func `rejects networks that no operation expresses`(_ name: String, _ word: String) throws {
    let error = try refusal(name)
    #expect(error.code == .unsupportedLayer)
    #expect(error.message.contains(word))
  }

  private func refusal(_ name: String) throws -> ImportError {
    try #require(
      #expect(throws: ImportError.self) {
        try ImporterRegistry.importModel(
          FamilyCase.fixture("\(name).pth"), ImportRequest())
      })
  }
}
