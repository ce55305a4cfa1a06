import Foundation
import Imaging
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct RunCommandTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test func `prints help with examples`() throws {
    let result = try bench.run("--help")
    #expect(result.status == 0)
    #expect(result.output.contains("EXAMPLES"))
    #expect(result.output.contains("--mask-valid"))
    #expect(result.errors.isEmpty)
  }

  @Test func `prints its version`() throws {
    let result = try bench.run("--version")
    #expect(result.status == 0)
    #expect(result.output == ProductVersion.text + "\n")
  }

  @Test(arguments: [
    [], ["model.pcm"], ["model.pcm", "--input", "in.npz"],
    ["model.pcm", "--image", "a.png", "-o", "b.png"],
    ["model.pcm", "--mask", "a.png", "-o", "b.png"],
    ["model.pcm", "--input", "in.npz", "--image", "a.png", "--mask", "m.png", "-o", "b.png"],
    ["model.pcm", "--input", "in.npz", "-o", "out.npz", "--threads", "0"],
    ["model.pcm", "--input", "in.npz", "--benchmark", "0"],
    ["model.pcm", "--image", "a", "--mask", "m", "-o", "b.png", "--mask-valid", "grey"],
  ])
  func `rejects a wrong command line`(_ arguments: [String]) throws {
    let result = try ChildProgram.run(ChildProgram.built("pconv-run"), arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.lowercased().contains("usage: pconv-run"))
  }

  @Test func `prints only the median of a quiet benchmark`() throws {
    try bench.makeModel("crai/first_bn.pth")
    let result = try bench.run(
      "model.pcm", "--input", PackageFiles.fixture("crai/first_bn.npz"), "--benchmark", "3",
      "--quiet")
    #expect(result.status == 0, "\(result)")
    #expect(result.errors.isEmpty)
    #expect(result.output.hasSuffix("\n"))
    let seconds = try #require(Double(result.output.dropLast()))
    #expect(seconds > 0 && seconds < 60)
    #expect(bench.folder.contents == ["model.pcm"])
  }

  @Test func `prints a benchmark that programs read`() throws {
    try bench.makeModel("crai/first_bn.pth")
    let result = try bench.run(
      "model.pcm", "--input", PackageFiles.fixture("crai/first_bn.npz"), "--benchmark", "4",
      "--threads", "3", "--json", "-o", "out.npz")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(report["schema"] as? Int == 1)
    #expect(report["runs"] as? Int == 4)
    #expect(report["threads"] as? Int == 3)
    let times = ["minimum", "median", "p90", "p99", "maximum"].compactMap {
      report[$0] as? Double
    }
    #expect(times.count == 5 && times == times.sorted())
    #expect((report["peakMemory"] as? Int ?? 0) > 1 << 20)
    #expect((report["loadTime"] as? Double ?? 0) > 0)
    #expect(report["systemLoad"] is Double)
    #expect(report["tier"] as? String == "near")
    #expect(bench.folder.contents == ["model.pcm", "out.npz"])
  }

  @Test func `times the layers of a run into a trace on the instruction set asked for`() throws {
    try bench.makeModel("crai/first_bn.pth")
    let result = try bench.run(
      "model.pcm", "--input", PackageFiles.fixture("crai/first_bn.npz"), "--profile",
      "trace.json", "--isa", "scalar", "--benchmark", "1")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("scalar"))
    let trace = try #require(
      try JSONSerialization.jsonObject(with: bench.contents("trace.json")) as? [String: Any])
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    let ends = events.compactMap { event in
      (event["ts"] as? Double).flatMap { start in (event["dur"] as? Double).map { start + $0 } }
    }
    #expect(ends.count == events.count && ends == ends.sorted())
    let convolutions = events.filter { $0["cat"] as? String == "convolution" }
    let arguments = convolutions.compactMap { $0["args"] as? [String: Any] }
    #expect(!arguments.isEmpty && arguments.count == convolutions.count)
    #expect(arguments.allSatisfy { ($0["shareOfPeak"] as? Double ?? 0) > 0 })
  }

  @Test func `rejects an instruction set that this processor does not run`() throws {
    try bench.makeModel("crai/first_bn.pth")
    let result = try bench.run(
      "model.pcm", "--input", PackageFiles.fixture("crai/first_bn.npz"), "--benchmark", "1",
      "--isa", "abacus")
    expectFailure(result, 2, "abacus", "scalar")
  }

  /// Writes `photo.png`, `white.png` (holes black) and `black.png` (holes white) of 65 x 50.
  private func writePictures() throws {
    let (width, height) = (65, 50)
    let isMissing = { (pixel: Int) in pixel % width > 30 && pixel / width > 20 }
    try Picture(
      width: width, height: height, channels: 3, bitDepth: 8,
      samples: (0..<width * height * 3).map { UInt16($0 * 7 % 253) }
    ).write(bench.path("photo.png"))
    for (name, hole) in [("white.png", UInt16(0)), ("black.png", 255)] {
      try Picture(
        width: width, height: height, channels: 1, bitDepth: 8,
        samples: (0..<width * height).map { isMissing($0) ? hole : 255 - hole }
      ).write(bench.path(name))
    }
  }

  @Test func `fills a photograph`() throws {
    try bench.makeModel("keras/unet_weights.h5")
    try writePictures()
    let run = bench.run
    let image = ["--image", "photo.png", "--mask"]
    let first = try run(
      "model.pcm", image[0], image[1], image[2], "white.png", "-o", "white.out.png")
    #expect(first.status == 0 && first.output.isEmpty && first.errors.isEmpty, "\(first)")
    let second = try run(
      "model.pcm", image[0], image[1], image[2], "black.png", "--mask-valid", "black", "-o",
      "black.out.png")
    #expect(second.status == 0, "\(second)")
    let raw = try run(
      "model.pcm", image[0], image[1], image[2], "white.png", "--raw", "-o", "raw.png")
    #expect(raw.status == 0, "\(raw)")
    let photo = try Picture.read(bench.path("photo.png"))
    let filled = try Picture.read(bench.path("white.out.png"))
    #expect(filled.width == 65 && filled.height == 50)
    #expect(filled.samples.prefix(65 * 3 * 21) == photo.samples.prefix(65 * 3 * 21))
    #expect(filled != photo)
    #expect(try bench.contents("white.out.png") == bench.contents("black.out.png"))
    #expect(try Picture.read(bench.path("raw.png")) != filled)
  }

  @Test func `warns of a mask without valid pixels`() throws {
    try bench.makeModel("keras/unet_weights.h5")
    try writePictures()
    try Picture(
      width: 65, height: 50, channels: 1, bitDepth: 8,
      samples: [UInt16](repeating: 0, count: 65 * 50)
    ).write(bench.path("nothing.png"))
    let result = try bench.run(
      "model.pcm", "--image", "photo.png", "--mask", "nothing.png", "-o", "out.png")
    #expect(result.status == 0, "\(result)")
    #expect(result.errors.contains("warning: ") && result.errors.contains("--mask-valid"))
  }

  @Test func `rejects pictures that do not serve`() throws {
    try bench.makeModel("keras/unet_weights.h5")
    try writePictures()
    try Picture(width: 1, height: 1, channels: 1, bitDepth: 8, samples: [255])
      .write(bench.path("dot.png"))
    try bench.folder.write(bench.contents("photo.png").prefix(200), as: "cut.png")
    try bench.folder.write(Data("text".utf8), as: "text.png")
    func fill(_ photo: String, _ mask: String, _ output: String = "out.png") throws -> ChildResult {
      try bench.run("model.pcm", "--image", photo, "--mask", mask, "-o", output)
    }
    expectFailure(
      try fill("photo.png", "dot.png"), 5, "photo.png 65x50", "dot.png: is 1x1", "EXIF")
    expectFailure(try fill("no.png", "white.png"), 3, "no.png")
    expectFailure(try fill("cut.png", "white.png"), 3, "cut.png")
    expectFailure(try fill("text.png", "white.png"), 4, "text.png")
    expectFailure(try fill("photo.png", "photo.png"), 4, "photo.png", "coloured")
    expectFailure(try fill("photo.png", "white.png", "missing/out.png"), 3, "missing/out.png")
    expectFailure(try fill("photo.png", "white.png", "out.gif"), 2, "out.gif")
    expectFailure(try fill("photo.png", "white.png", "/dev/full"), 2, "/dev/full")
    #expect(!bench.folder.contents.contains("out.png"))
  }

  @Test(arguments: [160_000, 250_000, 400_000])
  func `says so when memory runs out`(kilobytes: Int) throws {
    try bench.makeModel("keras/unet_weights.h5")
    let (width, height) = (4000, 3000)
    try Picture(
      width: width, height: height, channels: 1, bitDepth: 8,
      samples: [UInt16](repeating: 255, count: width * height)
    ).write(bench.path("large.png"))
    let result = try bench.shell(
      """
      ulimit -v \(kilobytes)
      exec "$RUN" model.pcm --image large.png --mask large.png -o out.png --threads 1
      """)
    expectFailure(result, 3, "memory")
    #expect(!bench.folder.contents.contains("out.png"))
  }

  @Test func `rejects pictures for a model that takes arrays`() throws {
    try bench.makeModel("crai/first_bn.pth")
    try writePictures()
    expectFailure(
      try bench.run("model.pcm", "--image", "photo.png", "--mask", "white.png", "-o", "out.png"),
      2, "--input")
  }

  @Test func `keeps the old picture when the disk is full`() throws {
    try bench.makeModel("keras/unet_weights.h5")
    try writePictures()
    try bench.folder.write(Data("old".utf8), as: "out.png")
    let result = try bench.shell(
      "ulimit -f 1; exec \"$RUN\" model.pcm --image photo.png --mask white.png -o out.png")
    expectFailure(result, 3, "out.png")
    #expect(try bench.contents("out.png") == Data("old".utf8))
    #expect(!bench.folder.contents.contains { $0.hasSuffix(".tmp") })
  }
}
