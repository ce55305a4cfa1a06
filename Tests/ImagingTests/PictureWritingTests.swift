import Foundation
import Imaging
import Testing

@Suite struct PictureWritingTests {
  @Test(arguments: 1...4, [8, 16])
  func `writes a PNG that reads back as the same picture`(channels: Int, bitDepth: Int) throws {
    let folder = try TemporaryFolder()
    for (width, height) in [(1, 1), (1, 9), (13, 7), (64, 65)] {
      let picture = pattern(width: width, height: height, channels: channels, bitDepth: bitDepth)
      try picture.write(folder.path("a.PNG"))
      #expect(try Picture.read(folder.path("a.PNG")) == picture)
    }
    #expect(try folder.names == ["a.PNG"])
  }

  @Test(arguments: [1, 3])
  func `writes a JPEG that reads back close to the picture`(channels: Int) throws {
    let folder = try TemporaryFolder()
    let picture = Picture(
      width: 20, height: 11, channels: channels, bitDepth: 8,
      samples: (0..<(220 * channels)).map { UInt16($0 / channels % 20 * 12) })
    try picture.write(folder.path("a.jpeg"))
    let back = try Picture.read(folder.path("a.jpeg"))
    #expect(try Data(contentsOf: URL(filePath: folder.path("a.jpeg"))).starts(with: [0xFF, 0xD8]))
    #expect(back.channels == channels && back.width == 20 && back.height == 11)
    #expect(zip(back.samples, picture.samples).allSatisfy { abs(Int($0) - Int($1)) <= 6 })
  }

  @Test func `replaces an existing file whole`() throws {
    let folder = try TemporaryFolder()
    try pattern(width: 90, height: 90, channels: 3, bitDepth: 8).write(folder.path("a.png"))
    let small = pattern(width: 2, height: 2, channels: 1, bitDepth: 8)
    try small.write(folder.path("a.png"))
    #expect(try Picture.read(folder.path("a.png")) == small)
    #expect(try folder.names == ["a.png"])
  }

  @Test func `rejects a picture that JPEG cannot hold and keeps the old file`() throws {
    let folder = try TemporaryFolder()
    let old = pattern(width: 3, height: 3, channels: 1, bitDepth: 8)
    try old.write(folder.path("a.jpg"), as: .png)
    for picture in [
      pattern(width: 2, height: 2, channels: 4, bitDepth: 8),
      pattern(width: 2, height: 2, channels: 3, bitDepth: 16),
      pattern(width: 65501, height: 1, channels: 1, bitDepth: 8),
    ] {
      expectRefusal(.unsupported) { try picture.write(folder.path("a.jpg")) }
    }
    #expect(try Picture.read(folder.path("a.jpg")) == old)
    #expect(try folder.names == ["a.jpg"])
  }

  @Test(arguments: ["a", "a.tiff", "a.png/", "b.png.", ".jpg.d/a"])
  func `rejects a name of no known format`(name: String) throws {
    let folder = try TemporaryFolder()
    let picture = pattern(width: 1, height: 1, channels: 1, bitDepth: 8)
    #expect(throws: ImagingError.self) { try picture.write(folder.url.path + "/" + name) }
    #expect(try folder.names.isEmpty)
  }

  @Test func `rejects a missing folder and a folder in the file's place, leaving nothing`() throws {
    let folder = try TemporaryFolder()
    let picture = pattern(width: 1, height: 1, channels: 1, bitDepth: 8)
    expectRefusal(.unwritable) { try picture.write(folder.path("absent/a.png")) }
    try FileManager.default.createDirectory(
      atPath: folder.path("d.png"), withIntermediateDirectories: false)
    expectRefusal(.unwritable) { try picture.write(folder.path("d.png")) }
    expectRefusal(.unwritable) { try picture.write("/dev/null", as: .png) }
    #expect(try folder.names == ["d.png"])
  }
}
