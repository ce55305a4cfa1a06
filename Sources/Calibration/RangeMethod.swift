package import GraphIR

/// How the range of a picture's values is taken from what was seen of them.
public enum RangeMethod: String, CaseIterable, Sendable {
  /// All but a hundred-thousandth of the values at either end.
  case percentile
  /// The range with the least squared error of 8 bits.
  case mse
  /// From the least to the largest.
  case minmax

  /// The one that is taken when none is named.
  public static let standard = RangeMethod.mse

  private static let outliers = 1e-5

  /// The range, which always holds 0.
  package func range(of histogram: Histogram) -> ValueRange {
    switch self {
    case .minmax: ValueRange(histogram.minimum, histogram.maximum)
    case .percentile:
      ValueRange(
        histogram.quantile(Self.outliers), histogram.quantile(1 - Self.outliers))
    case .mse: Self.leastError(histogram)
    }
  }

  /// Draws the two ends in, one after the other and twice, to where the error is least.
  private static func leastError(_ histogram: Histogram) -> ValueRange {
    let bins = histogram.bins
    let whole = ValueRange(histogram.minimum, histogram.maximum)
    var best = whole
    var least = best.squaredError(bins)
    for _ in 0..<2 {
      for isUpper in [true, false] {
        for step in 0..<64 {
          let share = 1 - Float(step) / 72
          let candidate =
            isUpper
            ? ValueRange(best.minimum, whole.maximum * share)
            : ValueRange(whole.minimum * share, best.maximum)
          let error = candidate.squaredError(bins)
          if error < least { (best, least) = (candidate, error) }
        }
      }
    }
    return best
  }
}

/// The values from `minimum` to `maximum` that 8 bits are spread over.
package struct ValueRange: Hashable, Sendable {
  /// At most 0.
  package let minimum: Float
  /// At least 0.
  package let maximum: Float

  /// Widened to hold 0, since padding and holes are stored as the number that means 0.
  package init(_ minimum: Float, _ maximum: Float) {
    self.minimum = minimum.isFinite ? min(minimum, 0) : 0
    self.maximum = maximum.isFinite ? max(maximum, 0) : 0
  }

  /// What the 256 numbers mean; a range of 0 alone gets a scale of 1.
  package var quantization: Quantization {
    let width = maximum / 255 - minimum / 255
    let scale = width.isNormal ? width : 1
    let zeroPoint = (-minimum / scale).rounded(.toNearestOrEven)
    do throws(GraphError) {
      return try Quantization(scale: scale, zeroPoint: Int(min(max(zeroPoint, 0), 255)))
    } catch {
      preconditionFailure("a range of finite numbers has a quantisation: \(error)")
    }
  }

  /// The summed squared error of 8 bits over binned values.
  func squaredError(_ bins: [(value: Float, count: Int)]) -> Double {
    let quantization = quantization
    return bins.reduce(0) { sum, bin in
      let error = Double(bin.value) - Double(quantization.restored(bin.value))
      return sum + error * error * Double(bin.count)
    }
  }
}

extension Quantization {
  /// The value that `value` becomes in 8 bits.
  func restored(_ value: Float) -> Float { scale * Float(Int(stored(value)) - zeroPoint) }
}
