import Imaging
import ModelImport
import PartialConv
import TestSupport
import Testing

/// Photographs of 300x217 with a painted mask, through the slim PConv-Keras fixture.
@Suite struct PictureTests {
  private static let width = 300
  private static let height = 217

  private let folder: TemporaryFolder
  private let inpainting: PictureInpainting

  init() throws {
    folder = try TemporaryFolder()
    _ = try ModelConversion.convert(
      PackageFiles.fixture("keras/unet_weights.h5"), to: folder.path("model.pcm"),
      ImportRequest(), replacing: false)
    inpainting = try PictureInpainting(Model.load(folder.path("model.pcm")).makeSession())
  }

  /// Gradients with noise; alpha, where there is one, varies too.
  private func photograph(channels: Int, bitDepth: Int) -> Picture {
    var state: UInt32 = 7
    let maximum = (1 << bitDepth) - 1
    var samples: [UInt16] = []
    for row in 0..<Self.height {
      for column in 0..<Self.width {
        for channel in 0..<channels {
          state = state &* 1_664_525 &+ 1_013_904_223
          let noise = Double(state >> 16) / 65_535 * 0.2
          let slope = channel % 2 == 0 ? Double(row) / 217 : Double(column) / 300
          samples.append(UInt16((slope * 0.8 + noise) * Double(maximum)))
        }
      }
    }
    return Picture(
      width: Self.width, height: Self.height, channels: channels, bitDepth: bitDepth,
      samples: samples)
  }

  /// Missing in a disc and a bar that touches the edge.
  private static func isMissing(_ pixel: Int) -> Bool {
    let (row, column) = (pixel / width, pixel % width)
    let disc = (row - 100) * (row - 100) + (column - 90) * (column - 90) < 900
    return disc || (column > 250 && (40..<60).contains(row))
  }

  private static func maskPicture(validIsWhite: Bool) -> Picture {
    Picture(
      width: width, height: height, channels: 1, bitDepth: 8,
      samples: (0..<width * height).map { isMissing($0) == validIsWhite ? 0 : 255 })
  }

  private func paint(_ picture: Picture, as name: String) throws -> String {
    try picture.write(folder.path(name))
    return folder.path(name)
  }

  private func read(
    _ picture: Picture, as name: String, validColor: MaskPolarity = .white
  ) throws -> (Picture, Mask) {
    try PictureFiles.read(
      paint(picture, as: name),
      mask: paint(Self.maskPicture(validIsWhite: validColor == .white), as: "mask.png"),
      validColor: validColor)
  }

  @Test(arguments: [
    (3, 8, "photo.png"), (4, 8, "photo.png"), (3, 16, "photo.png"), (4, 16, "photo.png"),
    (1, 8, "photo.png"), (2, 8, "photo.png"), (1, 16, "photo.png"), (3, 8, "photo.jpg"),
    (1, 8, "photo.jpg"),
  ])
  func `fills the holes of a photograph and nothing else`(
    _ channels: Int, _ bitDepth: Int, _ name: String
  ) throws {
    let (photo, mask) = try read(photograph(channels: channels, bitDepth: bitDepth), as: name)
    try PictureFiles.write(inpainting.fill(photo, mask), folder.path("filled.png"))
    let filled = try Picture.read(folder.path("filled.png"))
    #expect(filled.width == Self.width && filled.height == Self.height)
    #expect(filled.channels == channels && filled.bitDepth == bitDepth)
    var changed = 0
    var missing = 0
    for pixel in 0..<Self.width * Self.height {
      let range = pixel * channels..<(pixel + 1) * channels
      if Self.isMissing(pixel) {
        missing += 1
        if filled.samples[range] != photo.samples[range] { changed += 1 }
      } else if filled.samples[range] != photo.samples[range] {
        Issue.record("the valid pixel \(pixel) changed")
        return
      }
    }
    #expect(changed > missing * 9 / 10)
  }

  @Test func `gives the network's own output when asked`() throws {
    let (photo, mask) = try read(photograph(channels: 3, bitDepth: 8), as: "photo.png")
    let composited = try inpainting.fill(photo, mask)
    let raw = try inpainting.fill(photo, mask, isComposited: false)
    #expect(raw.width == Self.width && raw.height == Self.height)
    #expect(raw.bitDepth == 8)
    #expect(raw.samples != composited.samples)
    let holes = (0..<Self.width * Self.height).filter(Self.isMissing)
    #expect(
      holes.allSatisfy {
        raw.samples[$0 * 3..<$0 * 3 + 3] == composited.samples[$0 * 3..<$0 * 3 + 3]
      })
  }

  @Test func `takes masks whose valid pixels are black`() throws {
    let photo = photograph(channels: 3, bitDepth: 8)
    let (first, white) = try read(photo, as: "photo.png")
    let (second, black) = try read(photo, as: "photo.png", validColor: .black)
    #expect(white == black)
    #expect(try inpainting.fill(first, white) == inpainting.fill(second, black))
  }

  @Test func `does not see what lies in the holes when the network is fed masked pictures`() throws
  {
    _ = try ModelConversion.convert(
      PackageFiles.fixture("pytorch/naoto_unet.pth"), to: folder.path("naoto.pcm"),
      ImportRequest(), replacing: false)
    let masked = try PictureInpainting(Model.load(folder.path("naoto.pcm")).makeSession())
    let (photo, mask) = try read(photograph(channels: 3, bitDepth: 8), as: "photo.png")
    var samples = photo.samples
    for pixel in 0..<Self.width * Self.height where Self.isMissing(pixel) {
      samples[pixel * 3] = 255 - samples[pixel * 3]
    }
    let other = Picture(
      width: Self.width, height: Self.height, channels: 3, bitDepth: 8, samples: samples)
    #expect(try masked.fill(photo, mask) == masked.fill(other, mask))
  }

  @Test(arguments: [(1, 1), (1, 300), (255, 2), (256, 256), (257, 1)])
  func `fills pictures of any size`(_ width: Int, _ height: Int) throws {
    let photo = Picture(
      width: width, height: height, channels: 3, bitDepth: 8,
      samples: (0..<width * height * 3).map { UInt16($0 % 251) })
    let mask = Mask(
      width: width, height: height, validity: (0..<width * height).map { $0 % 2 == 0 ? 1 : 0 })
    let filled = try inpainting.fill(photo, mask)
    #expect(filled.width == width && filled.height == height)
  }

  @Test func `rejects a mask of another size`() throws {
    let error = #expect(throws: PartialConvError.self) {
      try inpainting.fill(
        photograph(channels: 3, bitDepth: 8), Mask(width: 2, height: 1, validity: [1, 0]))
    }
    #expect(error?.kind == .mismatch)
  }

  @Test(arguments: ["crai/first_bn.pth", "pytorch/pdresnet18.pth.tar"])
  func `rejects a model that does not fill pictures`(_ name: String) throws {
    _ = try ModelConversion.convert(
      PackageFiles.fixture(name), to: folder.path("other.pcm"), ImportRequest(), replacing: false)
    let session = try Model.load(folder.path("other.pcm")).makeSession()
    let error = #expect(throws: PartialConvError.self) { try PictureInpainting(session) }
    #expect(error?.kind == .usage)
  }
}
