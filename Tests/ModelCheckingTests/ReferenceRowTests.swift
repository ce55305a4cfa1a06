import Foundation
import GraphIR
import GraphPasses
import ModelFile
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

@testable import ModelChecking

/// Checks on the checkpoints that the frameworks wrote, sound and sabotaged.
@Suite(.enabled(if: PackageFiles.hasReferences, "the reference checkpoints are not here"))
struct ReferenceRowTests {
  /// Every fault in the smallest network, and some in one of each other kind of arithmetic.
  private static let faults: [(ReferenceRow, Sabotage)] =
    Sabotage.allCases.map { (.climate, $0) } + [
      (.naoto, .shiftBeforeMask), (.naoto, .scaledWeight),
      (.frozenKeras, .shiftBeforeMask), (.frozenKeras, .wrongEpsilon),
      (.pdresnet, .shiftBeforeMask), (.pdresnet, .transposedKernel),
    ]

  @Test(arguments: ReferenceRow.all)
  func `passes a checkpoint with what its framework computed`(_ row: ReferenceRow) throws {
    let network = try RealNetwork(row)
    let report = try network.check(network.stored())
    #expect(report.verdict == .passed, "\(report.text)")
    #expect((report.passed, report.failed) == (1, 0))
    #expect(report.arrays.allSatisfy { $0.regions.isEmpty } != network.hasMask)
  }

  @Test func `lists every file and every array of the folder`() throws {
    let folder = PackageFiles.reference("")
    let names = try #require(FileManager.default.subpaths(atPath: folder))
    let data = names.filter { name in
      [".h5", ".pth", ".tar", ".safetensors", ".onnx", ".npz"].contains { name.hasSuffix($0) }
    }
    let rows = ReferenceRow.all
    #expect(Set(data) == Set(rows.flatMap { [$0.checkpoint, $0.arrays] }))
    for file in Set(rows.map(\.arrays)) {
      let arrays = try References([PackageFiles.reference(file)]).arrays.map(\.name)
      let used = Set(rows.filter { $0.arrays == file }.map(\.key))
      #expect(Set(arrays).subtracting(["image", "mask"]) == used, "\(file)")
    }
  }

  @Test func `halves the file of a checkpoint that stores mask kernels`() throws {
    let folder = try TemporaryFolder()
    let checkpoint = PackageFiles.reference("pytorch/naoto_unet.safetensors")
    let output = folder.path("model.pcm")
    _ = try ModelConversion.convert(checkpoint, to: output, ImportRequest(), replacing: false)
    let sizes = try [checkpoint, output].map { path in
      try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
    #expect(Double(sizes[1]) / Double(sizes[0]) < 0.52)
  }

  @Test(arguments: ReferenceRow.all, Sabotage.allCases)
  func `rejects a sabotaged network and shows a fault of one layer in the holes`(
    _ row: ReferenceRow, _ sabotage: Sabotage
  ) throws {
    let network = try RealNetwork(row)
    let report = try network.check(network.sabotaged(sabotage))
    #expect(report.verdict == .differs)
    guard network.hasMask, sabotage != .shiftBeforeMask else { return }
    let output = try #require(report.arrays.first { $0.name == "output" })
    let errors = Dictionary(
      uniqueKeysWithValues: output.regions.map { ($0.name, $0.metrics.maxAbsolute) })
    let hole = try #require(errors["hole"])
    #expect(hole > errors["rim"] ?? 0 && hole > errors["valid"] ?? 0)
    #expect(errors["composite"] == hole)
  }

  @Test(arguments: faults)
  func `names the layer of a fault, and the pass or the file that has it`(
    _ row: ReferenceRow, _ sabotage: Sabotage
  ) throws {
    let network = try RealNetwork(row)
    let found = try network.search(
      network.sabotaged(sabotage), pipeline: sabotage.pipeline)
    let stage = sabotage == .shiftBeforeMask ? renormaliseShifts.name : "model file"
    let layer = try sabotage.layer(of: network.imported)
    #expect(found.culprit?.name == stage, "\(found.text)")
    #expect(found.culprit?.firstLayer == layer, "\(found.text)")
    #expect(found.culprit?.rewrite?.contains("'\(layer)'") ?? (stage == "model file"))
  }

  @Test func `names the layer of a file that passes of another version made`() throws {
    let network = try RealNetwork(.climate)
    let found = try network.search(
      network.sabotaged(.shiftBeforeMask), pipeline: .standard)
    #expect(found.culprit?.name == "model file")
    #expect(
      try found.culprit?.firstLayer == Sabotage.shiftBeforeMask.layer(of: network.imported))
    let unfused = PassPipeline(PassPipeline.standard.passes.filter { $0.name != "fuse-activation" })
    let sound = try network.search(network.stored(pipeline: unfused), pipeline: .standard)
    #expect(sound.culprit == nil, "\(sound.text)")
  }

  @Test(arguments: [Sabotage.scaledWeight, .transposedKernel, .wrongEpsilon])
  func `names the layer of a wrong import by the framework's layers`(
    _ sabotage: Sabotage
  ) throws {
    let network = try RealNetwork(.climate)
    let wrong = try sabotage.applied(to: network.imported)
    let found = try network.search(
      network.stored(wrong), imported: wrong, layers: network.layers(of: network.imported))
    #expect(found.culprit?.name == "import")
    #expect(
      try found.culprit?.firstLayer == sabotage.layer(of: network.imported, isFused: false))
  }

  @Test(arguments: Sabotage.allCases)
  func `rejects one layer alone when each is fed its reference, and all after it when not`(
    _ sabotage: Sabotage
  ) throws {
    let network = try RealNetwork(.climate)
    let layers = try network.layers(of: network.stored().graph)
    let wrong = try network.sabotaged(sabotage)
    let layer = try sabotage.layer(of: network.imported)
    let isolated = try network.compareLayers(wrong, with: layers, .isolated)
    let cumulative = try network.compareLayers(wrong, with: layers, .cumulative)
    #expect(cumulative.first == layer && cumulative.count > 1)
    #expect(
      sabotage == .shiftBeforeMask ? isolated.first == layer : isolated == [layer],
      "\(isolated)")
  }

  @Test func `ends the command with 1 and names the layer`() throws {
    let network = try RealNetwork(.climate)
    let folder = try TemporaryFolder()
    let (sound, wrong) = (folder.path("sound.pcm"), folder.path("wrong.pcm"))
    let checkpoint = network.row.checkpointPath
    let converted = try ChildProgram.run(
      ChildProgram.built("pconv-convert"),
      [checkpoint, "-o", sound, "--set", "padding=global", "--quiet"])
    #expect(converted.status == 0, "\(converted)")
    try ModelFileWriter.write(network.sabotaged(.transposedKernel), to: wrong, replacing: false)
    func check(_ model: String, _ options: String...) throws -> ChildResult {
      try ChildProgram.run(
        ChildProgram.built("pconv-check"),
        [model, network.row.arraysPath, "--allow-missing"] + options)
    }
    #expect(try check(sound).status == 0)
    #expect(try check(wrong).status == 1)
    let layer = try Sabotage.transposedKernel.layer(of: network.imported)
    let found = try check(
      wrong, "--bisect", "--source", checkpoint, "--set", "padding=global")
    #expect(found.status == 1, "\(found)")
    #expect(found.errors.contains("'model file'") && found.errors.contains("'\(layer)'"))
  }
}
