import Foundation
import GraphIR
import ModelFile
import PartialConv
import TensorCore
import TestSupport
import Testing

@testable import ModelChecking

/// The command as a program, with its exit status.
struct CheckCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func check(_ arguments: [String]) throws -> ChildResult {
    try ChildProgram.run(ChildProgram.built("pconv-check"), arguments)
  }

  private func model(_ fault: SmallNetwork.Fault, _ name: String) throws -> String {
    let path = folder.path(name)
    try ModelFileWriter.write(SmallNetwork.stored(fault), to: path, replacing: true)
    return path
  }

  private func references(_ change: (inout [Float]) -> Void = { _ in }) throws -> String {
    let output = try SmallNetwork.output()
    var values = output.floatArray
    change(&values)
    let path = folder.path("reference.npz")
    try ArrayFile.writeArchive(
      SmallNetwork.inputs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        + [("output", Tensor(values, shape: output.shape))], to: path)
    return path
  }

  @Test
  func `ends with 0 when everything passed, and prints the figures as JSON`() throws {
    let result = try check([model(.init(), "a.pcm"), references(), "--json"])
    #expect(result.status == 0, "\(result)")
    let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    #expect(json?["schema"] as? Int == 1)
    #expect(json?["verdict"] as? String == "passed")
  }

  @Test
  func `ends with 1 for a difference, 5 for a missing array, 6 for a NaN, 3 for no file`() throws {
    let sound = try model(.init(), "a.pcm")
    #expect(try check([sound, references { $0[0] += 1 }]).status == 1)
    #expect(try check([sound, references { $0[0] = .nan }]).status == 6)
    #expect(try check([sound, references(), "--map", "output=other"]).status == 5)
    #expect(try check([sound, folder.path("absent.npz")]).status == 3)
    #expect(try check([sound]).status == 2)
    #expect(try check([sound, references(), "--atol", "x"]).status == 2)
    let output = try references()
    try ArrayFile.writeArchive(
      SmallNetwork.inputs.map { ($0.key, $0.value) }, to: output)
    #expect(try check([sound, output]).status == 5)
  }

  @Test
  func `rejects options that go with another mode`() throws {
    let sound = try model(.init(), "a.pcm")
    for options in [
      ["--inspect", "--html", "page.html"], ["--verify", "--html", "page.html"],
      ["--source", sound], ["--network", "x"], ["--masks", "masks"], ["--isolate"],
      ["--inspect", "--verify"], ["--dot", "graph.dot"], ["--bisect"],
    ] {
      #expect(try check([sound] + options).status == 2, "\(options)")
    }
  }

  @Test
  func `rejects a misnamed reference when it looks for a fault`() throws {
    let checkpoint = PackageFiles.fixture("crai/global_padding.pth")
    let path = folder.path("climate.pcm")
    let converted = try ChildProgram.run(
      ChildProgram.built("pconv-convert"),
      [checkpoint, "-o", path, "--set", "padding=global", "--quiet"])
    #expect(converted.status == 0)
    func search(_ options: String...) throws -> Int32? {
      try check(
        [path, PackageFiles.fixture("crai/global_padding.npz"), "--bisect", "--source", checkpoint]
          + ["--set", "padding=global", "--allow-missing"] + options
      ).status
    }
    #expect(try search() == 0)
    #expect(try search("--map", "output=outptu") == 5)
  }

  @Test
  func `verifies every digest and tells models apart`() throws {
    let sound = try model(.init(), "a.pcm")
    #expect(try check(["--verify", sound]).status == 0)
    #expect(try check(["--diff", sound, sound]).status == 0)
    #expect(try check(["--diff", sound, model(.init(weightFactor: 2), "b.pcm")]).status == 1)
    var bytes = try Data(contentsOf: URL(filePath: sound))
    bytes[bytes.count - 1] ^= 1
    let damaged = try folder.write(bytes, as: "c.pcm")
    #expect(try check(["--verify", damaged]).status == 3)
  }

  @Test
  func `shows a model and compares it with its own meaning`() throws {
    let sound = try model(.init(), "a.pcm")
    let facts = try check(["--inspect", sound, "--dot", folder.path("graph.dot")])
    #expect(facts.status == 0 && facts.output.contains("fold-batch-norm"))
    let dot = try String(contentsOfFile: folder.path("graph.dot"), encoding: .utf8)
    #expect(dot.hasPrefix("digraph"))
    let compared = try check([sound, "--against", "interpreter", "--size", "16"])
    #expect(compared.status == 0)
    for (tier, bound) in [("exact", "1e-05"), ("near", "2e-05"), ("fast", "0.0001")] {
      let lines = compared.output.split(separator: "\n").filter { $0.contains(", \(tier), ") }
      #expect(!lines.isEmpty && lines.allSatisfy { $0.contains("--rtol \(bound)") }, "\(compared)")
    }
    let chosen = try check([
      sound, "--against", "interpreter", "--size", "16", "--tier", "fast", "--isa", "scalar",
      "--threads", "1",
    ])
    #expect(chosen.output.components(separatedBy: "(scalar, fast, 1 threads").count == 3)
    #expect(!["near", "exact", "avx", "2 threads"].contains { chosen.output.contains($0) })
  }

  @Test(arguments: ["bf16", "int8"])
  func `shows how each layer computes and compares narrow ones with their meaning`(
    _ precision: String
  ) throws {
    let path = folder.path("narrow.pcm")
    let arrays = PackageFiles.fixture("crai/first_bn.npz")
    let converted = try ChildProgram.run(
      ChildProgram.built("pconv-convert"),
      [
        PackageFiles.fixture("crai/first_bn.pth"), "-o", path, "--precision", precision,
        "--calibrate", arrays,
      ])
    try #require(converted.status == 0, "\(converted)")
    let facts = try check(["--inspect", path])
    #expect(facts.output.contains("multiplies in \(precision)"), "\(facts)")
    #expect(facts.output.contains("option precision: \(precision)"))
    let compared = try check([path, arrays, "--against", "interpreter"])
    #expect(compared.status == 0, "\(compared)")
    #expect(compared.output.contains("--rtol 0.02 --psnr 60"))
  }
}
