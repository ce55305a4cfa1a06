import Imaging
import Testing

@Suite struct IrregularMaskTests {
  @Test(arguments: IrregularMask.publishedRatios, [false, true])
  func `draws masks of every published kind`(ratio: ClosedRange<Double>, border: Bool) {
    var generator = IrregularMask(width: 128, height: 96, seed: 5)
    for _ in 0..<3 {
      let mask = generator.next(ratio: ratio, reachesBorder: border)
      #expect(mask.holeRatio > ratio.lowerBound && mask.holeRatio <= ratio.upperBound)
      if !border { #expect(!mask.reachesBorder) }
    }
  }

  @Test
  func `draws the same masks from the same seed`() {
    var first = IrregularMask(width: 64, height: 64, seed: 9)
    var second = IrregularMask(width: 64, height: 64, seed: 9)
    #expect(
      first.next(ratio: 0.2...0.3, reachesBorder: true)
        == second.next(ratio: 0.2...0.3, reachesBorder: true))
  }
}
