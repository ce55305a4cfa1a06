import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct DemoCommandTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test func `fills the photograph that ships with the program and shows it beside the damage`()
    throws
  {
    let first = try bench.run("--demo", "--output", "demo")
    #expect(first.status == 0, "\(first)")
    #expect(first.output == "\(path("before-mask-after.png"))\n\(path("filled.png"))\n")
    #expect(first.errors.contains("converted the default model"))
    let filled = try Picture.read(path("filled.png"))
    let strip = try Picture.read(path("before-mask-after.png"))
    #expect(strip.width == 3 * filled.width + 16)
    #expect(strip.height == filled.height)
    let second = try bench.run("--demo", "--output", "demo")
    #expect(second.errors.contains("found the default model"))
    #expect(try Picture.read(path("filled.png")) == filled)
  }

  @Test func `keeps a model of another name's making and says so`() throws {
    try FileManager.default.createDirectory(
      atPath: bench.path("demo"), withIntermediateDirectories: true)
    try bench.makeModel("pytorch/naoto_unet.pth")
    try FileManager.default.moveItem(
      atPath: bench.path("model.pcm"), toPath: path("default.pcm"))
    let before = try bench.contents("demo/default.pcm")
    let result = try bench.run("--demo", "--output", "demo")
    expectFailure(result, 2, "default.pcm", "exists already")
    #expect(try bench.contents("demo/default.pcm") == before)
  }

  @Test(arguments: [["model.pcm"], ["--image", "a.png", "--mask", "b.png"], ["--benchmark", "3"]])
  func `rejects a demonstration of something else`(_ arguments: [String]) throws {
    let result = try ChildProgram.run(ChildProgram.built("pconv-run"), ["--demo"] + arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains("--demo takes only"))
  }

  private func path(_ name: String) -> String {
    bench.folder.url.appending(path: "demo").appending(path: name).path
  }
}
