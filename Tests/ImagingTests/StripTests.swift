import Imaging
import Testing

@Suite struct StripTests {
  @Test func `joins pictures of any kind as bytes with white between them`() {
    let deep = Picture(
      width: 1, height: 2, channels: 4, bitDepth: 16,
      samples: [65535, 0, 257, 9, 128, 129, 32896, 9])
    let mask = Mask(width: 1, height: 2, validity: [0, 0.5])
    let strip = Picture.strip([deep, mask.picture], gap: 1)
    #expect(strip.width == 3 && strip.height == 2)
    #expect(
      strip.samples == [
        255, 0, 1, 255, 255, 255, 0, 0, 0,
        0, 1, 128, 255, 255, 255, 128, 128, 128,
      ])
  }
}
