import Foundation
import Imaging
import Testing

@Suite struct ColorProfileTests {
  /// A profile without tags, which says which colours it is for (ICC.1:2022, 7.2).
  private static func profile(_ space: String, byteCount: Int = 600) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    for (place, field) in [(12, "mntr"), (16, space), (20, "XYZ "), (36, "acsp")] {
      bytes.replaceSubrange(place..<place + 4, with: Array(field.utf8))
    }
    for index in 0..<4 { bytes[index] = UInt8(byteCount >> (24 - 8 * index) & 255) }
    bytes[8] = 4
    bytes.replaceSubrange(68..<80, with: [0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D])
    for index in 132..<byteCount {
      bytes[index] = UInt8(truncatingIfNeeded: index * index / 7)
    }
    return bytes
  }

  private func picture(_ channels: Int, profile: [UInt8]?) -> Picture {
    Picture(
      width: 4, height: 2, channels: channels, bitDepth: 8,
      samples: [UInt16](repeating: 90, count: 8 * channels), colorProfile: profile)
  }

  @Test(arguments: ["png", "jpg"], [(1, "GRAY"), (3, "RGB ")])
  func `goes through files`(format: String, colors: (channels: Int, space: String)) throws {
    let folder = try TemporaryFolder()
    for byteCount in [600, 200_000] {
      let profile = Self.profile(colors.space, byteCount: byteCount)
      try picture(colors.channels, profile: profile).write(folder.path("a.\(format)"))
      #expect(try Picture.read(folder.path("a.\(format)")).colorProfile == profile)
    }
  }

  @Test func `is left out where it is none for the channels`() {
    for (channels, space) in [(1, "RGB "), (2, "CMYK"), (3, "GRAY"), (4, "Lab ")] {
      #expect(picture(channels, profile: Self.profile(space)).colorProfile == nil)
    }
    #expect(picture(3, profile: []).colorProfile == nil)
    #expect(picture(2, profile: Self.profile("GRAY")).colorProfile != nil)
  }

  @Test func `is that of the original in a composite`() throws {
    let profile = Self.profile("RGB ")
    let mask = Mask(width: 4, height: 2, validity: [Float](repeating: 0, count: 8))
    let filled = try composite(
      original: picture(4, profile: profile), predicted: picture(3, profile: nil), mask: mask)
    #expect(filled.colorProfile == profile)
  }

  @Test func `stays when a photograph is turned, and is no fault where it is damaged`() throws {
    let photograph = try Fixtures.bytes("orientation-6.jpg")
    let upright = try Picture(decoding: photograph, name: "a")
    let profile = Self.profile(upright.channels == 1 ? "GRAY" : "RGB ")
    for (number, expected) in [(UInt8(1), profile), (2, nil)] {
      let segment = Array("ICC_PROFILE\0".utf8) + [number, 1] + profile
      let length = segment.count + 2
      var bytes = photograph
      bytes.insert(
        contentsOf: [0xFF, 0xE2, UInt8(length >> 8), UInt8(length & 255)] + segment, at: 2)
      let picture = try Picture(decoding: bytes, name: "a")
      #expect(picture.samples == upright.samples && picture.width == upright.width)
      #expect(picture.colorProfile == expected)
    }
  }

  @Test func `is not written to a PNG when it is no profile`() throws {
    let folder = try TemporaryFolder()
    let nonsense = [UInt8](repeating: 0, count: 16) + Array("RGB ".utf8)
    try picture(3, profile: nonsense).write(folder.path("a.png"))
    #expect(try Picture.read(folder.path("a.png")) == picture(3, profile: nil))
  }
}
