import Foundation
import PartialConv
import TestSupport
import Testing

@Suite struct ConvertCommandTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test func `converts and says what was recognised`() throws {
    let result = try bench.convert(
      PackageFiles.fixture("crai/global_padding.pth"), "-o", "model.pcm", "--set",
      "padding=global")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("climatereconstruction"))
    #expect(result.output.contains("recognised: it has 'encoder.0.partial_conv.input_conv.weight'"))
    #expect(result.output.contains("padding: global"))
    #expect(result.output.contains("batch-norm: moving"))
    #expect(!result.errors.contains("error"))
    #expect(bench.folder.contents == ["model.pcm"])
  }

  @Test(arguments: [
    ("keras/unet_model_train_bn.h5", "batch in"), ("keras/unet_model_frozen_bn.h5", "moving"),
    ("keras/unet_weights.h5", "moving"),
  ])
  func `says which statistics batch norms use`(_ name: String, _ words: String) throws {
    let result = try bench.convert(PackageFiles.fixture(name), "-o", "model.pcm")
    #expect(result.output.contains("batch-norm: \(words)"), "\(result)")
  }

  @Test func `prints a report that programs read`() throws {
    let result = try bench.convert(
      PackageFiles.fixture("pytorch/naoto_unet.pth"), "-o", "model.pcm", "--json")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(report["schema"] as? Int == 1)
    #expect(report["network"] as? String == "naoto0804")
    #expect(report["output"] as? String == "model.pcm")
    #expect(report["source"] as? String == "PyTorch")
    #expect((report["options"] as? [String: String])?["levels"] == "7")
    #expect((report["passes"] as? [[String: Any]])?.isEmpty == false)
  }

  @Test func `says nothing when quiet`() throws {
    let result = try bench.convert(
      PackageFiles.fixture("pytorch/pdresnet50.pth.tar"), "-o", "model.pcm", "--quiet")
    #expect(result.status == 0)
    #expect(result.output.isEmpty && result.errors.isEmpty, "\(result)")
  }

  @Test func `takes a description file and a published name`() throws {
    for network in [PackageFiles.description("naoto0804"), "naoto0804", "1900zyh"] {
      let result = try bench.convert(
        PackageFiles.fixture("pytorch/naoto_unet.pth"), "-o", "model.pcm", "--network", network,
        "--force")
      #expect(result.status == 0, "\(result)")
      #expect(result.output.contains("asked for by --network"))
    }
  }

  @Test func `prints help with examples`() throws {
    let result = try bench.convert("--help")
    #expect(result.status == 0)
    #expect(result.output.contains("EXAMPLES"))
    #expect(result.output.contains("--set padding=global"))
    #expect(result.errors.isEmpty)
  }

  @Test func `prints its version`() throws {
    let result = try bench.convert("--version")
    #expect(result.status == 0)
    #expect(result.output == ProductVersion.text + "\n")
  }

  @Test(arguments: [
    [], ["in.h5"], ["in.h5", "-o"], ["in.h5", "-o", "out.pcm", "--wrong"],
    ["in.h5", "-o", "out.pcm", "--batch-norm", "frozen"], ["a", "b", "-o", "out.pcm"],
  ])
  func `rejects a wrong command line`(_ arguments: [String]) throws {
    let result = try ChildProgram.run(ChildProgram.built("pconv-convert"), arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.lowercased().contains("usage: pconv-convert"))
  }

  @Test func `rejects settings that are malformed or unknown`() throws {
    let input = PackageFiles.fixture("crai/first_bn.pth")
    func convert(_ settings: String...) throws -> ChildResult {
      try ChildProgram.run(
        ChildProgram.built("pconv-convert"),
        [input, "-o", bench.path("model.pcm")] + settings.flatMap { ["--set", $0] })
    }
    expectFailure(try convert("padding"), 2, "--set padding", "KEY=VALUE")
    expectFailure(try convert("padding="), 2, "--set padding=")
    expectFailure(try convert("padding=zero", "padding=global"), 2, "padding", "twice")
    expectFailure(try convert("padding=mirror"), 2, "padding=mirror", "zero, global")
    expectFailure(try convert("colour=blue"), 2, "--set colour", "channels", "padding")
    expectFailure(try convert("levels=three"), 2, "--set levels=three", "whole number")
    #expect(bench.folder.contents.isEmpty)
  }

  @Test func `rejects an unknown network`() throws {
    let input = PackageFiles.fixture("crai/first_bn.pth")
    expectFailure(
      try bench.convert(input, "-o", "model.pcm", "--network", "unet"), 2, "'unet'", "naoto0804",
      "pconv-keras")
    expectFailure(
      try bench.convert(input, "-o", "model.pcm", "--network", "my.json"), 2, "my.json")
    #expect(bench.folder.contents.isEmpty)
  }

  @Test func `rejects a file that is not there`() throws {
    expectFailure(try bench.convert("missing.h5", "-o", "model.pcm"), 3, "missing.h5: ")
    #expect(bench.folder.contents.isEmpty)
  }

  @Test func `rejects a directory`() throws {
    expectFailure(try bench.convert(".", "-o", "model.pcm"), 3, ".: ", "directory")
    #expect(bench.folder.contents.isEmpty)
  }

  @Test(arguments: [
    ("keras/unet_weights.h5", 1000), ("keras/unet_weights.h5", 100_000),
    ("keras/unet_model_train_bn.h5", 205_000), ("pytorch/naoto_unet.pth", 1000),
    ("pytorch/naoto_unet.pth", 157_000), ("pytorch/naoto_unet_legacy.pth", 129_000),
    ("pytorch/pdresnet18.pth.tar", 5), ("pytorch/naoto_unet.pth", 0),
  ])
  func `rejects a truncated file`(_ fixture: String, _ count: Int) throws {
    try bench.truncate(fixture, to: count, as: "cut")
    expectFailure(try bench.convert("cut", "-o", "model.pcm"), 3, "cut: ")
    #expect(bench.folder.contents == ["cut"])
  }

  @Test func `rejects other files by what they are`() throws {
    let samples: [(String, String, Int32)] = [
      ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull", 3),
      ("<!DOCTYPE html><html></html>", "HTML", 3), ("hello", "text", 3),
    ]
    for (text, word, status) in samples {
      try bench.folder.write(Data(text.utf8), as: "model.pth")
      expectFailure(try bench.convert("model.pth", "-o", "out.pcm"), status, "model.pth: ", word)
    }
  }

  @Test func `rejects a Lambda layer by its name`() throws {
    expectFailure(
      try bench.convert(PackageFiles.fixture("keras/lambda_model.h5"), "-o", "model.pcm"), 4,
      "Lambda", "not run")
    #expect(bench.folder.contents.isEmpty)
  }

  @Test func `rejects a pickle that calls a program and runs nothing`() throws {
    let result = try bench.convert(PackageFiles.fixture("hostile/malicious.pth"), "-o", "model.pcm")
    expectFailure(result, 4, "malicious.pth", "os.system", "byte ", "data.pkl")
    #expect(bench.folder.contents.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: PackageFiles.fixture("hostile/PWNED")))
  }

  @Test func `keeps an output that exists`() throws {
    try bench.folder.write(Data("old".utf8), as: "model.pcm")
    let input = PackageFiles.fixture("crai/first_bn.pth")
    expectFailure(try bench.convert(input, "-o", "model.pcm"), 2, "model.pcm", "--force")
    #expect(try bench.contents("model.pcm") == Data("old".utf8))
    #expect(try bench.convert(input, "-o", "model.pcm", "--force").status == 0)
    #expect(try bench.contents("model.pcm").count > 1000)
    #expect(bench.folder.contents == ["model.pcm"])
  }

  @Test func `keeps the input when it is also the output`() throws {
    try bench.truncate("crai/first_bn.pth", to: .max, as: "model.pth")
    let bytes = try bench.contents("model.pth")
    expectFailure(
      try bench.convert("model.pth", "-o", "./model.pth", "--force"), 2, "input itself")
    #expect(try bench.contents("model.pth") == bytes)
  }

  @Test func `keeps the old file when the disk is full`() throws {
    try bench.folder.write(Data("old".utf8), as: "model.pcm")
    try bench.truncate("pytorch/naoto_unet.pth", to: .max, as: "in.pth")
    let result = try bench.shell("ulimit -f 8; exec \"$CONVERT\" in.pth -o model.pcm --force")
    expectFailure(result, 3, "model.pcm", "space")
    #expect(try bench.contents("model.pcm") == Data("old".utf8))
    #expect(bench.folder.contents == ["in.pth", "model.pcm"])
  }

  @Test func `rejects a device as the output`() throws {
    let input = PackageFiles.fixture("crai/first_bn.pth")
    expectFailure(try bench.convert(input, "-o", "/dev/full", "--force"), 3, "/dev/full")
    expectFailure(try bench.convert(input, "-o", "/dev/full"), 3, "/dev/full")
  }

  @Test func `reports a full stdout`() throws {
    let input = PackageFiles.fixture("crai/first_bn.pth")
    let result = try bench.shell("exec \"$CONVERT\" '\(input)' -o model.pcm > /dev/full")
    #expect(result.status != nil, "\(result)")
  }
}
