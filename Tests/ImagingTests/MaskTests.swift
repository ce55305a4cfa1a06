import Imaging
import TensorCore
import Testing

@Suite struct MaskTests {
  private func picture(_ channels: Int, _ samples: [UInt16], bitDepth: Int = 8) -> Picture {
    Picture(
      width: samples.count / channels, height: 1, channels: channels, bitDepth: bitDepth,
      samples: samples)
  }

  private func validity(_ picture: Picture, _ color: MaskPolarity = .white) throws -> [Float] {
    try Mask(picture, validColor: color, name: "mask").validity
  }

  @Test func `reads grey as validity in either polarity`() throws {
    #expect(try validity(picture(1, [255, 0, 51])) == [1, 0, 0.2])
    #expect(try validity(picture(1, [255, 0, 51]), .black) == [0, 1, 0.8])
    #expect(try validity(picture(1, [65535, 0, 13107], bitDepth: 16)) == [1, 0, 0.2])
  }

  @Test func `reads equal colours as grey and ignores opaque alpha`() throws {
    #expect(try validity(picture(3, [255, 255, 255, 51, 51, 51])) == [1, 0.2])
    #expect(try validity(picture(4, [255, 255, 255, 255, 0, 0, 0, 255])) == [1, 0])
    #expect(try validity(picture(2, [51, 255, 0, 255])) == [0.2, 0])
  }

  @Test func `reads the alpha of white on transparent`() throws {
    #expect(try validity(picture(2, [255, 255, 0, 0, 255, 51])) == [1, 0, 0.2])
    #expect(try validity(picture(4, [255, 255, 255, 51, 9, 8, 7, 0]), .black) == [0.8, 1])
  }

  @Test func `rejects a coloured mask and an ambiguous transparent one`() {
    expectRefusal(.unsupported) { _ = try validity(picture(3, [1, 1, 1, 1, 2, 1])) }
    expectRefusal(.unsupported) { _ = try validity(picture(2, [0, 255, 255, 0])) }
    expectRefusal(.unsupported) { _ = try validity(picture(4, [0, 0, 0, 9, 255, 255, 255, 9])) }
  }

  @Test func `counts valid, missing and fractional pixels`() throws {
    let mask = try Mask.read(Fixtures.path("grey-2.png"), validColor: .white)
    let samples = try Fixtures.expected("grey-2").samples
    #expect(mask.counts.valid == samples.count { $0 == 255 })
    #expect(mask.counts.missing == samples.count { $0 == 0 })
    #expect(mask.counts.fractional == samples.count { $0 != 0 && $0 != 255 })
    #expect(mask.tensor().shape == [1, 5, 7, 1])
    #expect(mask.tensor().floatArray == mask.validity)
  }
}
