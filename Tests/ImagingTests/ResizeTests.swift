import Imaging
import Testing

@Suite struct ResizeTests {
  @Test(arguments: ResizeFilter.allCases, ["8x5", "31x40", "19x13", "1x1", "5x29", "38x26"])
  func `resizes bit-equal to Pillow`(filter: ResizeFilter, size: String) throws {
    let expected = try Fixtures.expected("resize-\(filter.rawValue)-\(size)")
    let resized = try Fixtures.expected("resize-source").resized(
      width: expected.width, height: expected.height, filter: filter)
    #expect(resized == expected)
  }

  @Test(arguments: ResizeFilter.allCases, 1...4)
  func `keeps a picture of the same size, and a constant at any size`(
    filter: ResizeFilter, channels: Int
  ) throws {
    let picture = pattern(width: 9, height: 4, channels: channels, bitDepth: 16)
    #expect(try picture.resized(width: 9, height: 4, filter: filter) == picture)
    let white = Picture(
      width: 3, height: 7, channels: channels, bitDepth: 16,
      samples: Array(repeating: 65535, count: 21 * channels))
    let resized = try white.resized(width: 11, height: 2, filter: filter)
    #expect(resized.samples.allSatisfy { $0 == 65535 })
  }

  @Test func `rejects an empty and an enormous size`() {
    let picture = pattern(width: 2, height: 2, channels: 1, bitDepth: 8)
    expectRefusal(.corrupt) { _ = try picture.resized(width: 0, height: 2, filter: .nearest) }
    expectRefusal(.limitExceeded) {
      _ = try picture.resized(width: 1 << 40, height: 1 << 40, filter: .bilinear)
    }
  }
}
