import Foundation
import TestSupport
import Testing

@testable import ModelImport

@Suite struct DescriptionTests {
  /// A published description with `pattern` replaced, which must occur.
  private func edited(
    _ name: String, _ pattern: String, _ replacement: String
  ) throws -> Data {
    let text = try String(contentsOfFile: PackageFiles.description(name), encoding: .utf8)
    try #require(text.contains(pattern), "\(name) has no \(pattern)")
    return Data(text.replacing(pattern, with: replacement, maxReplacements: 1).utf8)
  }

  private func failure(_ data: Data) -> ImportError? {
    #expect(throws: ImportError.self) {
      try NetworkDescription.decode(data, file: "mine.json")
    }
  }

  @Test func `reads every description that ships with the program`() throws {
    let catalogue = try NetworkCatalogue.bundled()
    let names = catalogue.descriptions.map(\.name)
    for name in ["climatereconstruction", "naoto0804", "nvidia-pdresnet", "pconv-keras"] {
      #expect(names.contains(name))
    }
    let calls = catalogue.descriptions.flatMap { [$0.name] + ($0.aliases ?? []) }
    #expect(Set(calls).count == calls.count)
  }

  @Test(arguments: [
    ("\"framework\"", "\"framwork\"", ": 'framwork' is not known here"),
    ("\"has\"", "\"had\"", ".recognise: 'had' is not known here"),
    ("{ \"channels\": \"channels\" }", "{ \"channel\": 3 }", ".image: 'channel' is not known"),
    ("\"axis\"", "\"axes\"", ".variables[0]: 'axes' is not known here"),
    ("\"holes\"", "\"hole\"", ".partial_convolution: 'hole' is not known here"),
    ("\"stride\"", "\"strides\"", ".network[1].do[0]: 'strides' is not known here"),
    ("\"deviation\"", "\"sigma\"", ".picture: 'sigma' is not known here"),
  ])
  func `rejects a key it does not know, with its place`(
    _ pattern: String, _ replacement: String, _ words: String
  ) throws {
    let error = failure(try edited("naoto0804", pattern, replacement))
    #expect(error?.code == .badDescription)
    #expect(error?.message.contains("mine.json: ") == true)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func `rejects an unknown key of an option`() throws {
    let error = failure(try edited("climatereconstruction", "\"about\"", "\"why\""))
    #expect(error?.message.contains(".options.") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("'why' is not known here") == true)
  }

  @Test(arguments: [
    ("\"framework\": \"pytorch\",", "", "needs 'framework'"),
    ("\"framework\": \"pytorch\"", "\"framework\": \"jax\"", ".framework: "),
    ("{ \"upsample\": 2 }", "{ \"stride\": 2 }", ".network[2].do[0]: this step does nothing known"),
    (", \"epsilon\": 1e-5", "", "needs 'epsilon'"),
    ("[0.485, 0.456, 0.406]", "[0.5]", "red, green and blue"),
    ("\"mask\": \"channels\",", "\"mask\": \"plane\",", ".partial_convolution.mask: "),
    ("\"from\": 1, \"to\": \"levels\"", "\"from\": 1", ".network[1]: "),
  ])
  func `rejects what is missing or of the wrong kind, with its place`(
    _ pattern: String, _ replacement: String, _ words: String
  ) throws {
    let error = failure(try edited("naoto0804", pattern, replacement))
    #expect(error?.code == .badDescription)
    #expect(error?.message.contains("mine.json: ") == true)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: ["", "{", "[]", "null", "{\"name\": 1}"])
  func `rejects what is no description at all`(_ text: String) {
    let error = failure(Data(text.utf8))
    #expect(error?.code == .badDescription)
    #expect(error?.message.hasPrefix("mine.json: ") == true)
  }

  @Test func `rejects a description file that cannot be read`() throws {
    let folder = try TemporaryFolder()
    let catalogue = try NetworkCatalogue.bundled()
    let missing = #expect(throws: ImportError.self) {
      try catalogue.find(folder.path("none.json"))
    }
    #expect(missing?.code == .unknownNetwork)
    let directory = #expect(throws: ImportError.self) { try catalogue.find(folder.url.path) }
    #expect(directory?.code == .badDescription)
    let unknown = #expect(throws: ImportError.self) { try catalogue.find("unet") }
    #expect(unknown?.code == .unknownNetwork)
    #expect(unknown?.message.contains("naoto0804") == true)
  }

  @Test func `finds published networks by name and by alias`() throws {
    let catalogue = try NetworkCatalogue.bundled()
    #expect(try catalogue.find("crai").name == "climatereconstruction")
    #expect(try catalogue.find("nvidia-pdresnet50").name == "nvidia-pdresnet")
    #expect(try catalogue.find(PackageFiles.description("naoto0804")).name == "naoto0804")
  }
}
