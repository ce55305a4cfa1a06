import TensorCore
import Testing

@testable import ModelChecking

struct ArrayComparisonTests {
  private func compare(_ actual: [Float], _ expected: [Float]) -> ArrayComparison {
    ArrayComparison(
      Tensor(actual, shape: [actual.count]), Tensor(expected, shape: [expected.count]))
  }

  @Test
  func `measures errors by every figure`() {
    let result = compare([1, 2, 3, 5], [1, 2, 3, 4])
    #expect(result.maximumError == 1)
    #expect(result.worstIndex == 3)
    #expect(result.meanError == 0.25)
    #expect(result.relativeError == 0.25)
    #expect(result.rootMeanSquare == 0.5)
    #expect(abs(result.signalToNoise - 14.771) < 0.001)
    #expect(abs(result.peakSignalToNoise - 15.563) < 0.001)
    #expect(abs((result.cosine ?? 0) - 34 / (39.0 * 30).squareRoot()) < 1e-12)
  }

  @Test
  func `finds no error in equal arrays`() {
    let result = compare([0, -0.0, 7], [0, 0, 7])
    #expect(result.maximumError == 0)
    #expect(result.signalToNoise == .infinity)
    #expect(result.ulps.largest == 0)
    #expect(Tolerance(.exact).accepts(result))
  }

  @Test
  func `rejects by PSNR what differs from a reference of one value`() {
    let result = compare([1, 2], [1, 1])
    #expect(!Tolerance(psnr: 0).accepts(result))
    let metrics = CheckReport.Metrics(result)
    #expect(metrics.psnr == nil && metrics.decibel(metrics.psnr) == "undefined")
    let equal = CheckReport.Metrics(compare([1, 1], [1, 1]))
    #expect(equal.decibel(equal.psnr) == "infinite")
    #expect(Tolerance(psnr: 100).accepts(compare([1, 1], [1, 1])))
  }

  @Test
  func `counts units in the last place`() {
    let one: Float = 1
    let result = compare(
      [one, one.nextUp, one.nextUp.nextUp.nextUp, -Float.leastNonzeroMagnitude],
      [one, one, one, .leastNonzeroMagnitude])
    #expect(result.ulps.counts.map(\.count) == [1, 1, 1, 1])
    #expect(result.ulps.counts.map(\.upTo) == [0, 1, 2, 4])
  }

  @Test
  func `gives quantiles and shares of errors from constant memory`() {
    let expected = [Float](repeating: 0, count: 1000)
    let result = compare((0..<1000).map { $0 < 990 ? 0.001 : 1 }, expected)
    #expect(abs(result.magnitudes.quantile(0.5) - 0.001) < 1e-5)
    #expect(result.magnitudes.quantile(1) == 1)
    #expect(abs(result.magnitudes.share(above: 0.5) - 0.01) < 1e-12)
    #expect(result.magnitudes.decades.map(\.count) == [990, 10])
  }

  @Test
  func `merges comparisons into one of all values`() {
    var first = compare([1, 2], [1, 2.5])
    first.merge(compare([4], [3]))
    let whole = compare([1, 2, 4], [1, 2.5, 3])
    #expect(first.maximumError == whole.maximumError)
    #expect(first.rootMeanSquare == whole.rootMeanSquare)
    #expect(first.cosine == whole.cosine)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `rejects values that are not finite, even where the reference is the same`(value: Float) {
    for (actual, expected) in [(value, Float(1)), (1, value), (value, value)] {
      let result = compare([1, actual], [1, expected])
      #expect(!result.isFinite)
      #expect(!Tolerance(absolute: .greatestFiniteMagnitude).accepts(result))
      #expect(!Tolerance(psnr: 0).accepts(result))
    }
  }

  @Test
  func `rejects a comparison of nothing`() {
    #expect(!Tolerance(.approximate).accepts(ArrayComparison()))
  }
}
