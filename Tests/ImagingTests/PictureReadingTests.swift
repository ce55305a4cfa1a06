import Foundation
import Imaging
import Testing

@Suite struct PictureReadingTests {
  static let pngs =
    ["grey", "grey-alpha", "rgb", "rgba"].flatMap { ["\($0)-8", "\($0)-8-interlaced", "\($0)-16"] }
    + ["grey-16-pillow", "grey-1", "grey-2", "grey-4"]
    + ["palette", "palette-alpha", "rgb-transparent-color"]

  @Test(arguments: pngs)
  func `reads the exact samples of a PNG`(name: String) throws {
    #expect(try Picture.read(Fixtures.path("\(name).png")) == Fixtures.expected(name))
  }

  @Test(arguments: ["grey", "rgb", "rgb-444-progressive"] + (1...8).map { "orientation-\($0)" })
  func `reads a JPEG upright and with the samples Pillow decodes`(name: String) throws {
    let picture = try Picture.read(Fixtures.path("\(name).jpg"))
    let expected = try Fixtures.expected(name)
    #expect(picture.width == expected.width && picture.height == expected.height)
    #expect(picture.channels == expected.channels && picture.bitDepth == 8)
    let differences = zip(picture.samples, expected.samples).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 0 == 0)
  }

  @Test func `recognises a file by its first bytes and not by its name`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("photo.jpg")
    try Data(Fixtures.bytes("rgb-8.png")).write(to: URL(filePath: path))
    #expect(try Picture.read(path) == Fixtures.expected("rgb-8"))
  }

  @Test(arguments: ["damaged-truncated.png", "damaged-crc.png", "damaged-truncated.jpg"])
  func `rejects a damaged file`(name: String) {
    expectRefusal(.corrupt) { _ = try Picture.read(Fixtures.path(name)) }
  }

  @Test(arguments: ["huge.png", "huge.jpg"])
  func `rejects a huge claimed size before allocating`(name: String) {
    expectRefusal(.limitExceeded) { _ = try Picture.read(Fixtures.path(name)) }
  }

  @Test func `rejects a CMYK JPEG with a remedy`() {
    expectRefusal(.unsupported) { _ = try Picture.read(Fixtures.path("cmyk.jpg")) }
  }

  @Test func `rejects what is neither a PNG nor a JPEG`() {
    for bytes in [[], [0xFF, 0xD8], Array("GIF89a".utf8)] as [[UInt8]] {
      expectRefusal(.unsupported) { _ = try Picture(decoding: bytes, name: "bytes") }
    }
  }

  @Test func `rejects a missing file, a folder and a device`() {
    for path in [Fixtures.path("absent.png"), Fixtures.folder.path, "/dev/zero", ""] {
      expectRefusal(.unreadable) { _ = try Picture.read(path) }
    }
  }

  @Test func `rejects a file or picture above the caller's limits`() throws {
    let path = Fixtures.path("rgb-8.png")
    expectRefusal(.limitExceeded) {
      _ = try Picture.read(path, limits: ImagingLimits(maximumFileBytes: 20))
    }
    expectRefusal(.limitExceeded) {
      _ = try Picture.read(path, limits: ImagingLimits(maximumPixels: 34))
    }
    #expect(try Picture.read(path, limits: ImagingLimits(maximumPixels: 35)).width == 7)
  }

  @Test(arguments: ["palette-alpha.png", "rgba-8-interlaced.png", "rgb.jpg", "orientation-6.jpg"])
  func `rejects every truncation and survives every flipped byte`(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    let limits = ImagingLimits(maximumPixels: 1 << 20)
    for count in 0..<(bytes.count - 2) {
      #expect(throws: ImagingError.self) {
        try Picture(decoding: Array(bytes.prefix(count)), name: name, limits: limits)
      }
    }
    for index in bytes.indices {
      for flip in [0x01, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[index] ^= flip
        _ = try? Picture(decoding: damaged, name: name, limits: limits)
      }
    }
  }

  @Test func `rejects a progressive JPEG of more than a hundred scans`() throws {
    let bands = (1...63).map { UInt8($0) }
    let first = bands.map { scan(band: $0, approximation: 0x01) }
    let refined = bands.map { scan(band: $0, approximation: 0x10) }
    let picture = try Picture(decoding: progressive(first), name: "64 scans")
    #expect(picture.samples == Array(repeating: 128, count: 64))
    expectRefusal(.limitExceeded) {
      _ = try Picture(decoding: progressive(first + refined), name: "127 scans")
    }
  }

  /// An 8 x 8 grey progressive JPEG of a flat DC scan and the given scans; its Huffman tables know
  /// one code, `0`, for a zero difference or the end of a block.
  private func progressive(_ scans: [[UInt8]]) -> [UInt8] {
    let quantization: [UInt8] = [0xFF, 0xDB, 0, 67, 0] + Array(repeating: 1, count: 64)
    let frame: [UInt8] = [0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
    let tables = [0x00, 0x10].flatMap { (id: UInt8) -> [UInt8] in
      [0xFF, 0xC4, 0, 20, id, 1] + Array(repeating: 0, count: 16)
    }
    return [0xFF, 0xD8] + quantization + frame + tables
      + scan(band: 0, approximation: 0) + scans.joined() + [0xFF, 0xD9]
  }

  private func scan(band: UInt8, approximation: UInt8) -> [UInt8] {
    [0xFF, 0xDA, 0, 8, 1, 1, 0, band, band, approximation, 0x7F]
  }
}
