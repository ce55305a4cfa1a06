import Foundation
import Imaging
import PartialConv
import TestSupport
import Testing

@Suite struct ClassifyCommandTests {
  private let bench: Workbench
  private let classCount: Int

  /// Makes `model.pcm`, `photo.png`, and `labels.txt` with `class 0`, `class 1` ….
  init() throws {
    bench = try Workbench()
    try bench.makeModel("pytorch/pdresnet18.pth.tar")
    classCount = try PictureClassification(Model.load(bench.path("model.pcm")).makeSession())
      .classCount
    try Picture(
      width: 65, height: 50, channels: 3, bitDepth: 8,
      samples: (0..<65 * 50 * 3).map { UInt16($0 * 7 % 253) }
    ).write(bench.path("photo.png"))
    try writeLabels(classCount)
  }

  private func writeLabels(_ count: Int) throws {
    let text = (0..<count).map { "class \($0)\n" }.joined()
    try bench.folder.write(Data(text.utf8), as: "labels.txt")
  }

  private func classify(_ arguments: String...) throws -> ChildResult {
    try ChildProgram.run(
      ChildProgram.built("pconv-run"),
      ["model.pcm", "--image", "photo.png", "--labels", "labels.txt"] + arguments,
      in: bench.folder.url.path)
  }

  @Test func `prints the most probable classes`() throws {
    let result = try classify("--top", "3")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let session = try Model.load(bench.path("model.pcm")).makeSession()
    let scores = try PictureClassification(session).topClasses(
      of: PictureFiles.read(bench.path("photo.png")), count: 3)
    let lines = scores.map {
      "\(String(format: "%.6f", $0.probability))  class \($0.index)\n"
    }
    #expect(result.output == lines.joined())
    let five = try classify()
    #expect(five.output.hasPrefix(result.output))
    #expect(five.output.split(separator: "\n").count == min(5, classCount))
    #expect(try classify("--top", "3", "--quiet").output == result.output)

    let json = try classify("--top", "3", "--json")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let classes = try #require(report["classes"] as? [[String: Any]])
    #expect(report["schema"] as? Int == 1)
    #expect(classes.map { $0["index"] as? Int } == scores.map(\.index))
    #expect(classes.map { $0["label"] as? String } == scores.map { "class \($0.index)" })
    let probabilities = classes.compactMap { $0["probability"] as? Double }
    #expect(zip(probabilities, scores).allSatisfy { abs($0 - $1.probability) < 1e-12 })
    #expect(probabilities.count == 3)
  }

  @Test func `prints the time of classifying`() throws {
    let result = try classify("--benchmark", "2", "--quiet")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    #expect(try #require(Double(result.output.dropLast())) > 0)
  }

  @Test func `rejects labels that are not the network's`() throws {
    try writeLabels(classCount + 1)
    expectFailure(try classify(), 5, "labels.txt", "\(classCount + 1)", "\(classCount) classes")
    try bench.makeModelThatFills()
    expectFailure(try classify(), 2, "does not classify", "mask")
  }

  @Test(arguments: [
    ["--image", "a.png"], ["--labels", "l.txt"], ["--image", "a.png", "--labels", "l", "-o", "b"],
    ["--image", "a.png", "--mask", "m.png", "--labels", "l.txt"],
    ["--image", "a.png", "--labels", "l.txt", "--top", "0"],
    ["--image", "a.png", "--mask", "m.png", "-o", "b.png", "--top", "2"],
    ["--input", "a.npz", "--labels", "l.txt"],
  ])
  func `rejects a wrong command line`(_ arguments: [String]) throws {
    let result = try ChildProgram.run(
      ChildProgram.built("pconv-run"), ["model.pcm"] + arguments)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.errors.lowercased().contains("usage: pconv-run"))
    #expect(result.errors.contains("--labels") || result.errors.contains("--top"), "\(result)")
  }
}

extension Workbench {
  /// Replaces `model.pcm` by a model that fills pictures.
  fileprivate func makeModelThatFills() throws {
    let result = try convert(
      PackageFiles.fixture("keras/unet_weights.h5"), "-o", "model.pcm", "--force", "--quiet")
    try #require(result.status == 0, "\(result)")
  }
}
