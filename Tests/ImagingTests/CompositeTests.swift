import Imaging
import Testing

@Suite struct CompositeTests {
  private func row(_ channels: Int, _ bitDepth: Int, _ samples: [UInt16]) -> Picture {
    Picture(
      width: samples.count / channels, height: 1, channels: channels, bitDepth: bitDepth,
      samples: samples)
  }

  @Test(arguments: 1...4, [8, 16])
  func `keeps valid pixels bit for bit`(channels: Int, bitDepth: Int) throws {
    let original = pattern(width: 30, height: 20, channels: channels, bitDepth: bitDepth)
    let predicted = pattern(width: 30, height: 20, channels: 3, bitDepth: 8)
    let valid = Mask(width: 30, height: 20, validity: Array(repeating: 1, count: 600))
    #expect(try composite(original: original, predicted: predicted, mask: valid) == original)
  }

  @Test func `takes missing pixels from the prediction and blends fractions`() throws {
    let original = row(3, 8, [10, 20, 30, 40, 50, 60, 1, 2, 255])
    let predicted = row(3, 8, [200, 201, 202, 203, 204, 205, 2, 4, 0])
    let mask = Mask(width: 3, height: 1, validity: [1, 0, 0.5])
    let result = try composite(original: original, predicted: predicted, mask: mask)
    #expect(result == row(3, 8, [10, 20, 30, 203, 204, 205, 2, 3, 128]))
  }

  @Test func `brings the prediction to the original's depth and channels`() throws {
    let missing = Mask(width: 1, height: 1, validity: [0])
    let predicted = row(3, 8, [255, 0, 51])
    func filled(_ original: Picture) throws -> [UInt16] {
      try composite(original: original, predicted: predicted, mask: missing).samples
    }
    #expect(try filled(row(4, 16, [1, 2, 3, 4])) == [65535, 0, 13107, 65535])
    #expect(try filled(row(1, 8, [9])) == [82])
    #expect(try filled(row(2, 8, [9, 0])) == [82, 255])
    let grey = try composite(
      original: row(3, 8, [1, 2, 3]), predicted: row(1, 16, [13107]), mask: missing)
    #expect(grey.samples == [51, 51, 51])
  }

  @Test func `rejects three sizes that differ`() {
    let mask = Mask(width: 2, height: 1, validity: [0, 1])
    expectRefusal(.unsupported) {
      _ = try composite(original: row(1, 8, [1]), predicted: row(1, 8, [1]), mask: mask)
    }
  }
}
