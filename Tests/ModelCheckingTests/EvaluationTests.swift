import Imaging
import TensorCore
import Testing

@testable import ModelChecking

struct EvaluationTests {
  @Test
  func `gives similarity 1 to equal pictures and less to others`() {
    var numbers = SeededNumbers(seed: 1)
    let picture = (0..<32 * 32 * 3).map { _ in Float(numbers.number(in: 0...1)) }
    let inverse = picture.map { 1 - $0 }
    func similarity(_ other: [Float]) -> Double? {
      StructuralSimilarity.mean(picture, other, height: 32, width: 32, channels: 3)
    }
    #expect(abs((similarity(picture) ?? 0) - 1) < 1e-12)
    #expect((similarity(inverse) ?? 1) < 0)
    #expect(StructuralSimilarity.mean([0], [0], height: 1, width: 1, channels: 1) == nil)
  }

  @Test
  func `counts pictures in the row of their mask`() throws {
    let original = Picture(
      width: 20, height: 20, channels: 3, bitDepth: 8,
      samples: [UInt16](repeating: 100, count: 1200))
    var samples = original.samples
    for index in 0..<300 { samples[index] = 151 }
    let filled = Picture(width: 20, height: 20, channels: 3, bitDepth: 8, samples: samples)
    let mask = Mask(
      width: 20, height: 20, validity: (0..<400).map { $0 < 100 ? 0 : 1 })
    var evaluation = Evaluation(model: "m")
    try evaluation.add(original: original, filled: filled, mask: mask)
    let row = try #require(evaluation.rows.first { $0.pictures == 1 })
    #expect(row.ratio == [0.2, 0.3] && row.reachesBorder)
    #expect(abs((row.l1 ?? 0) - 5) < 1e-5)
    #expect(abs((row.psnr ?? 0) - 20) < 0.01)
  }
}
