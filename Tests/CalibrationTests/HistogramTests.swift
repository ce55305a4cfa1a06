import Foundation
import GraphIR
import Testing

@testable import Calibration

@Suite struct HistogramTests {
  /// 1000 values of 0...1 and one of 100.
  private var withOutlier: Histogram {
    var histogram = Histogram()
    histogram.add((0..<1000).map { Float($0) / 1000 })
    histogram.add([100])
    return histogram
  }

  @Test func `counts all finite values between their ends`() {
    var histogram = Histogram()
    histogram.add([-2, 0, 3, .nan, .infinity, 1e-30])
    #expect(histogram.count == 4)
    #expect(histogram.minimum == -2 && histogram.maximum == 3)
    #expect(histogram.bins.map(\.count).reduce(0, +) == 4)
    #expect(histogram.bins.allSatisfy { (-2...3).contains($0.value) })
  }

  @Test func `finds quantiles to within a bin`() {
    var histogram = Histogram()
    histogram.add((-5000..<5000).map { Float($0) / 100 })
    for share in [0.001, 0.25, 0.5, 0.9, 0.999] {
      let expected = Float(-50 + 100 * share)
      #expect(abs(histogram.quantile(share) - expected) < 0.05)
    }
    #expect(Histogram().quantile(0.5) == 0)
  }

  @Test func `gives the same bins whatever the order`() {
    let values = (0..<2000).map { Float(($0 * 7919) % 2000) - 700 }
    var (forward, backward) = (Histogram(), Histogram())
    for part in [values[..<1], values[1..<900], values[900...]] { forward.add(part) }
    backward.add(values.reversed())
    #expect(forward.counts == backward.counts && forward.width == backward.width)
  }

  @Test func `takes the whole range, cuts off outliers, or finds the least error`() {
    let histogram = withOutlier
    #expect(RangeMethod.minmax.range(of: histogram) == ValueRange(0, 100))
    #expect(RangeMethod.percentile.range(of: histogram).maximum <= 100)
    let bins = histogram.bins
    let errors = RangeMethod.allCases.map { $0.range(of: histogram).squaredError(bins) }
    let least = RangeMethod.mse.range(of: histogram).squaredError(bins)
    #expect(errors.allSatisfy { $0 >= least })
  }

  @Test func `draws the ends of a two-sided range in on their own`() {
    var histogram = Histogram()
    histogram.add((0..<400_000).map { sinf(Float($0)) - 0.2 })
    histogram.add([-2])
    let range = RangeMethod.mse.range(of: histogram)
    #expect(range.minimum > -1.9 && range.maximum > 0.7)
  }

  @Test func `holds 0 exactly in every quantisation`() throws {
    let ranges: [ValueRange] = [
      .init(0, 0), .init(0, .leastNonzeroMagnitude), .init(1, 5), .init(-3, -1), .init(-1, 2),
      .init(-7, 0),
      .init(-.greatestFiniteMagnitude, .greatestFiniteMagnitude), .init(.nan, .infinity),
    ]
    for range in ranges {
      let quantization = range.quantization
      #expect(quantization.restored(0) == 0)
      #expect(range.minimum <= 0 && range.maximum >= 0)
    }
    let two = ValueRange(-1, 2).quantization
    #expect(two.zeroPoint == 85 && abs(two.restored(2) - 2) < 0.01)
    #expect(two.restored(50) == two.restored(2))
  }
}
