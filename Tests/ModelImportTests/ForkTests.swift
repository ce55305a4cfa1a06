import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ModelImport

/// A fork of a published network: other tensor names, told by a description of the user's own.
@Suite struct ForkTests {
  private let folder: TemporaryFolder
  private let builder: CheckpointBuilder

  init() throws {
    folder = try TemporaryFolder()
    var builder = try CheckpointBuilder(fixture: "pytorch/naoto_unet.pth")
    builder.rename {
      $0.replacing("enc_", with: "down.").replacing("dec_", with: "up.")
        .replacing("input_conv", with: "features")
    }
    self.builder = builder
  }

  /// Naoto's description for the fork, with further edits.
  private func describe(_ edits: (String, String)...) throws -> ImportRequest {
    var text = try String(
      contentsOfFile: PackageFiles.description("naoto0804"), encoding: .utf8)
    let renames = [("enc_", "down."), ("dec_", "up."), ("input_conv", "features")]
    for (old, new) in renames + [("\"naoto0804\"", "\"my-fork\"")] + edits {
      try #require(text.contains(old), "the description has no \(old)")
      text = text.replacing(old, with: new)
    }
    return ImportRequest(network: try folder.write(Data(text.utf8), as: "fork.json"))
  }

  @Test func `imports by a description file without recompiling`() throws {
    expectError(.unrecognised) { _ = try builder.importModel(in: folder) }
    let fork = try builder.importModel(describe(), in: folder)
    let original = try ImporterRegistry.importModel(
      PackageFiles.fixture("pytorch/naoto_unet.pth"), ImportRequest())
    #expect(fork.network == "my-fork")
    #expect(fork.arithmetic == original.arithmetic)
    #expect(fork.weights == original.weights)
    #expect(fork.processing == original.processing)
  }

  @Test func `follows an edited step`() throws {
    let fork = try builder.importModel(describe(("\"slope\": 0.2", "\"slope\": 0.1")), in: folder)
    #expect(fork.arithmetic.contains { $0.contains("leaky_relu") && $0.contains("0.1") })
  }

  @Test(arguments: [
    ("\"level_{i - 1}\"", "\"level_{i + 9}\"", "nothing was saved as 'level_16'"),
    ("\"stride\": 2", "\"stride\": 0", "stride of 0"),
    ("\"stride\": 2", "\"stride\": \"2 ^ 40\"", "stride of"),
    ("\"stride\": 2", "\"dilation\": \"2 ^ 62\"", "dilation of"),
    ("\"stride\": 2", "\"stride\": \"depth\"", "'depth', unknown here"),
    ("\"upsample\": 2", "\"upsample\": 0", "upsampling by 0"),
    ("\"upsample\": 2", "\"upsample\": \"2 ^ 60\"", "upsampling by"),
    ("\"from\": 1, \"to\": \"levels\"", "\"from\": 1, \"to\": \"2 ^ 60\"", "the loop over 'i'"),
    ("\"to\": \"levels\"", "\"to\": \"0 - 2 ^ 62 - 2 ^ 62\"", "the loop over 'i'"),
    ("\"relu\"", "\"gelu\"", "'gelu' is not an activation"),
    ("\"i > 1\"", "\"i ~ 1\"", "is not a condition"),
    ("\"output_mask\": \"mask\"", "\"output_mask\": \"mask\", \"x\": \"depth\"", "depth"),
    ("\"image\": { \"channels\": \"channels\" }", "\"image\": { \"channels\": 0 }", "0 channels"),
    (
      "\"image\": { \"channels\": \"channels\" }",
      "\"image\": { \"channels\": 3, \"size\": [\"2 ^ 62\", 8] }", "size"
    ),
    ("\"count\": \"down.{i}", "\"count\": \"down.1", "counts without end"),
    ("\"from\": 1", "\"from\": 9223372036854775807", "counts from"),
  ])
  func `rejects a description that makes no network`(
    _ pattern: String, _ replacement: String, _ words: String
  ) throws {
    let request = try describe((pattern, replacement))
    expectError(.badDescription, words) {
      _ = try builder.importModel(request, in: folder)
    }
  }
}
