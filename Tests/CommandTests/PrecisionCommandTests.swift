import Foundation
import Imaging
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct PrecisionCommandTests {
  private let bench: Workbench
  private let checkpoint = PackageFiles.fixture("pytorch/naoto_unet.pth")
  private let arrays = PackageFiles.fixture("pytorch/naoto_unet.npz")

  init() throws { bench = try Workbench() }

  private func convert(_ arguments: String...) throws -> ChildResult {
    try ChildProgram.run(
      ChildProgram.built("pconv-convert"), [checkpoint, "-o", "model.pcm"] + arguments,
      in: bench.folder.url.path)
  }

  private func convertToInt8(_ arguments: String...) throws -> ChildResult {
    try ChildProgram.run(
      ChildProgram.built("pconv-convert"),
      [checkpoint, "-o", "model.pcm", "--precision", "int8", "--calibrate", arrays, "--force"]
        + arguments, in: bench.folder.url.path)
  }

  private func summary(_ result: ChildResult) throws -> [String: Any] {
    try #require(result.status == 0, "\(result)")
    let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    return try #require((report as? [String: Any])?["precision"] as? [String: Any])
  }

  private func precisions(_ summary: [String: Any]) -> [String: String] {
    let layers = summary["layers"] as? [[String: Any]] ?? []
    return Dictionary(
      layers.compactMap { layer in
        (layer["name"] as? String).flatMap { name in
          (layer["precision"] as? String).map { (name, $0) }
        }
      }, uniquingKeysWith: { first, _ in first })
  }

  @Test(arguments: [("bf16", 0.55), ("int8", 0.3)])
  func `stores weights in fewer bits and keeps the outputs close`(
    _ weights: String, _ share: Double
  ) throws {
    let summary = try summary(convert("--weights", weights, "--force", "--json"))
    #expect(Set(precisions(summary).values) == ["f32"])
    let bytes = ["bytesBefore", "bytesAfter"].map { summary[$0] as? Double ?? 0 }
    #expect(bytes[1] > 0 && bytes[1] < bytes[0] * share, "\(bytes)")
    let run = try bench.run("model.pcm", "--input", arrays, "--output", "out.npz")
    #expect(run.status == 0, "\(run)")
  }

  @Test func `computes in bf16 without calibration`() throws {
    let result = try convert("--precision", "bf16")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("precision: bf16 asked for"))
    #expect(result.output.contains("kept f32: enc_1: it reads the network's input alone"))
    #expect(!result.output.contains("PSNR"))
  }

  @Test func `computes in int8 close to f32, the same bytes each time`() throws {
    let summary = try summary(convertToInt8("--json"))
    let first = try bench.contents("model.pcm")
    #expect(summary["psnr"] as? Double ?? 0 > 25)
    let precisions = precisions(summary)
    #expect(precisions["enc_1"] == "f32" && precisions["dec_1"] == "f32")
    #expect(precisions["enc_3"] == "int8" && precisions["dec_3"] == "int8")
    _ = try convertToInt8("--quiet")
    #expect(try bench.contents("model.pcm") == first)
  }

  @Test func `calibrates on pictures under seeded and given masks`() throws {
    let samples = (0..<32 * 40 * 3).map { UInt16($0 * 37 % 256) }
    try FileManager.default.createDirectory(
      atPath: bench.path("photos"), withIntermediateDirectories: true)
    try Picture(width: 40, height: 32, channels: 3, bitDepth: 8, samples: samples)
      .write(bench.path("photos/a.png"))
    try Picture(
      width: 8, height: 8, channels: 1, bitDepth: 8,
      samples: (0..<64).map { $0 % 8 < 4 ? 0 : 255 }
    ).write(bench.path("mask.png"))
    for masks in [[], ["--calibration-masks", "mask.png"]] {
      let result = try ChildProgram.run(
        ChildProgram.built("pconv-convert"),
        [
          checkpoint, "-o", "model.pcm", "--precision", "int8", "--calibrate", "photos", "--json",
          "--force",
        ] + masks, in: bench.folder.url.path)
      #expect(try summary(result)["runs"] as? Int == 12)
    }
  }

  @Test func `writes a table that people edit and reads it back`() throws {
    _ = try convertToInt8("--calibration-table", "table.txt", "--quiet")
    let model = try bench.contents("model.pcm")
    let again = try convert(
      "--precision", "int8", "--calibration-table", "table.txt", "--quiet", "--force")
    #expect(again.status == 0, "\(again)")
    #expect(try bench.contents("model.pcm") == model)
    var table = try String(contentsOfFile: bench.path("table.txt"), encoding: .utf8)
    table = table.replacingOccurrences(of: "layer int8 enc_2\n", with: "layer bf16 enc_2\n")
    try bench.folder.write(Data(table.utf8), as: "table.txt")
    let edited = try summary(
      convert("--precision", "int8", "--calibration-table", "table.txt", "--json", "--force"))
    #expect(precisions(edited)["enc_2"] == "bf16")
  }

  @Test func `keeps layers that patterns name`() throws {
    let summary = try summary(
      convertToInt8("--keep", "f32:enc_?", "--keep", "bf16:dec_*", "--json"))
    let precisions = precisions(summary)
    #expect(precisions.filter { $0.key.hasPrefix("enc") }.values.allSatisfy { $0 == "f32" })
    #expect(precisions["dec_2"] == "bf16")
  }

  @Test func `promotes layers for a target and says what it cost`() throws {
    let start = try summary(convertToInt8("--json"))["psnr"] as? Double ?? 0
    let summary = try summary(convertToInt8("--json", "--target-psnr", "\(start + 2)"))
    #expect(summary["holdsTarget"] as? Bool == true)
    #expect((summary["promotions"] as? [Any])?.isEmpty == false)
    let text = try convertToInt8("--target-psnr", "\(start + 2)")
    #expect(text.output.contains("promoted, the most sensitive first"))
    #expect(text.output.contains("int8 -> bf16"))
  }

  @Test func `reports how sensitive each layer is, as text and JSON`() throws {
    let printed = try convertToInt8("--sensitivity", "-")
    #expect(printed.output.hasPrefix("# PSNR in the holes"))
    #expect(printed.output.contains("\tint8\t") && printed.output.contains("\tdec_2\n"))
    _ = try convertToInt8("--sensitivity", "layers.json", "--quiet")
    let layers =
      try JSONSerialization.jsonObject(with: bench.contents("layers.json")) as? [String: Any]
    #expect((layers?["layers"] as? [[String: Any]])?.contains { $0["psnr"] is Double } == true)
  }

  @Test func `shows the narrowing passes like others`() throws {
    let result = try convertToInt8(
      "--report", "report.txt", "--dump-ir", "graph.txt", "--after", "narrow-to-int8")
    #expect(result.status == 0, "\(result)")
    let report = try String(decoding: bench.contents("report.txt"), as: UTF8.self)
    #expect(report.contains("narrow-to-int8: narrows; precondition: as many bits as asked for"))
    #expect(report.contains("kept: 'enc_1' stays f32: it reads the network's input alone"))
    let graph = try String(decoding: bench.contents("graph.txt"), as: UTF8.self)
    #expect(graph.contains("narrow %") && graph.contains("quantized=[1]"))
    let without = try convertToInt8("--no-pass", "fuse-narrow", "--dump-ir", "graph.txt")
    #expect(without.status == 0, "\(without)")
    #expect(try String(decoding: bench.contents("graph.txt"), as: UTF8.self).contains("narrow %"))
  }

  @Test func `rejects options that do not go together`() throws {
    expectFailure(try convert("--precision", "int8"), 2, "--calibrate", "--calibration-table")
    expectFailure(try convert("--target-psnr", "40"), 2, "--target-psnr", "--precision")
    expectFailure(
      try convert("--precision", "bf16", "--target-psnr", "40"), 2, "--calibrate")
    expectFailure(try convert("--precision", "bf16", "--sensitivity", "-"), 2, "--calibrate")
    expectFailure(try convert("--calibrate", arrays), 2, "--calibrate goes with --precision")
    expectFailure(try convert("--keep", "f32:*"), 2, "--keep goes with")
    expectFailure(
      try convert("--precision", "bf16", "--calibration-table", "t"), 2, "--precision int8")
    expectFailure(
      try convert("--precision", "int8", "--calibration-table", "t", "--calibration-masks", "m"), 2,
      "--calibration-masks goes with --calibrate")
    expectFailure(try convert("--weights", "int8", "--keep", "enc_1"), 2, "--keep enc_1")
    #expect(try convert("--precision", "fp16").status == 2)
    #expect(try convertToInt8("--json", "--sensitivity", "-").status == 2)
    #expect(try convert("--precision", "bf16", "--target-psnr", "nan").status == 2)
    #expect(bench.folder.contents.isEmpty)
  }

  @Test func `rejects tables, names and arrays that do not fit`() throws {
    func table(_ text: String) throws -> ChildResult {
      try bench.folder.write(Data(text.utf8), as: "t")
      return try convert("--precision", "int8", "--calibration-table", "t")
    }
    expectFailure(try table("layer int9 enc_1"), 3, "t:1", "'int9'")
    expectFailure(try table("layer int8 enc_99"), 5, "no layer 'enc_99'", "enc_1")
    expectFailure(try table("picture 0 1 enc_99"), 5, "no picture 'enc_99'")
    expectFailure(
      try convert("--precision", "int8", "--calibration-table", "missing"), 3, "missing")
    expectFailure(try convert("--weights", "int8", "--keep", "f32:x*"), 5, "f32:x*", "enc_1")
    expectFailure(
      try convert(
        "--precision", "int8", "--calibrate", PackageFiles.fixture("crai/first_bn.npz")), 5)
    expectFailure(try convert("--precision", "int8", "--calibrate", "nowhere"), 3, "nowhere")
    expectFailure(try convertToInt8("--calibration-table", "table.txt", "--no-pass", "x"), 2, "'x'")
  }

  @Test func `rejects to replace a table without --force`() throws {
    try bench.folder.write(Data("mine".utf8), as: "table.txt")
    let result = try convert(
      "--precision", "int8", "--calibrate", arrays, "--calibration-table", "table.txt")
    expectFailure(result, 2, "table.txt: exists already", "--force")
    #expect(try bench.contents("table.txt") == Data("mine".utf8))
  }
}
