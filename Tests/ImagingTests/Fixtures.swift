import Foundation
import Imaging
import Testing

/// The files that `Fixtures/generate.py` makes.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures")

  static func path(_ file: String) -> String { folder.appending(path: file).path }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: file)))
  }

  /// The samples that Pillow decodes, or that the generator encoded.
  static func expected(_ name: String) throws -> Picture {
    let text = try String(contentsOf: folder.appending(path: "\(name).txt"), encoding: .utf8)
    let numbers = text.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    return Picture(
      width: numbers[0], height: numbers[1], channels: numbers[2], bitDepth: numbers[3],
      samples: numbers.dropFirst(4).map { UInt16($0) })
  }
}

/// An empty folder that is removed when the test lets go of it.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// Expects `body` to throw an `ImagingError` of one code.
func expectRefusal(
  _ code: ImagingError.Code, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  let error = #expect(throws: ImagingError.self, sourceLocation: sourceLocation) { try body() }
  #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: sourceLocation)
}

/// A picture of deterministic samples that use the whole range.
func pattern(width: Int, height: Int, channels: Int, bitDepth: Int) -> Picture {
  let limit = 1 << bitDepth
  let count = width * height * channels
  return Picture(
    width: width, height: height, channels: channels, bitDepth: bitDepth,
    samples: (0..<count).map { UInt16(($0 &* 40503 &+ 977) % limit) })
}
