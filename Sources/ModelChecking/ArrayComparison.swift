import Foundation

/// Errors of an array against a reference, gathered value by value in constant memory.
///
/// A value or reference that is not finite is counted and kept out of every sum; such a comparison
/// never passes.
package struct ArrayComparison: Sendable {
  /// Pairs seen, those that are not finite included.
  package private(set) var count = 0
  package private(set) var nonFiniteActual = 0
  package private(set) var nonFiniteExpected = 0
  /// `max |actual - expected|`.
  package private(set) var maximumError = 0.0
  /// Place of the largest error in the order of adding; nil when there is no error.
  package private(set) var worstIndex: Int?
  /// `max |expected|`.
  package private(set) var largestExpected = 0.0
  package private(set) var ulps = ULPHistogram()
  package private(set) var magnitudes = ErrorHistogram()
  private var errorSum = 0.0
  private var squaredErrorSum = 0.0
  private var squaredActualSum = 0.0
  private var squaredExpectedSum = 0.0
  private var productSum = 0.0
  private var expectedRange = (low: Double.infinity, high: -Double.infinity)

  package init() {}

  package mutating func add(_ actual: Float, _ expected: Float) {
    count += 1
    guard actual.isFinite, expected.isFinite else {
      if !actual.isFinite { nonFiniteActual += 1 }
      if !expected.isFinite { nonFiniteExpected += 1 }
      return
    }
    let value = Double(actual)
    let wanted = Double(expected)
    let error = abs(value - wanted)
    if error > maximumError {
      maximumError = error
      worstIndex = count - 1
    }
    errorSum += error
    squaredErrorSum += error * error
    squaredActualSum += value * value
    squaredExpectedSum += wanted * wanted
    productSum += value * wanted
    largestExpected = max(largestExpected, abs(wanted))
    expectedRange = (min(expectedRange.low, wanted), max(expectedRange.high, wanted))
    ulps.add(actual, expected)
    magnitudes.add(min(Float(error), .greatestFiniteMagnitude))
  }

  /// Adds what `other` gathered; `worstIndex` is lost, since the orders are not one.
  package mutating func merge(_ other: ArrayComparison) {
    count += other.count
    nonFiniteActual += other.nonFiniteActual
    nonFiniteExpected += other.nonFiniteExpected
    maximumError = max(maximumError, other.maximumError)
    worstIndex = nil
    errorSum += other.errorSum
    squaredErrorSum += other.squaredErrorSum
    squaredActualSum += other.squaredActualSum
    squaredExpectedSum += other.squaredExpectedSum
    productSum += other.productSum
    largestExpected = max(largestExpected, other.largestExpected)
    expectedRange = (
      min(expectedRange.low, other.expectedRange.low),
      max(expectedRange.high, other.expectedRange.high)
    )
    ulps.merge(other.ulps)
    magnitudes.merge(other.magnitudes)
  }
}

extension ArrayComparison {
  /// Pairs of which both values are finite.
  package var finiteCount: Int { magnitudes.count }
  package var isFinite: Bool { nonFiniteActual == 0 && nonFiniteExpected == 0 }

  /// `mean |actual - expected|`.
  package var meanError: Double { finiteCount == 0 ? 0 : errorSum / Double(finiteCount) }

  /// `max |actual - expected| / max |expected|`; nil where the reference is 0 everywhere.
  package var relativeError: Double? {
    largestExpected == 0 ? nil : maximumError / largestExpected
  }

  /// Square root of the mean squared error.
  package var rootMeanSquare: Double {
    finiteCount == 0 ? 0 : (squaredErrorSum / Double(finiteCount)).squareRoot()
  }

  /// Signal to noise in dB, `10 log10(Σ expected² / Σ error²)`; infinite without error.
  package var signalToNoise: Double {
    guard squaredErrorSum > 0 else { return .infinity }
    return 10 * log10(squaredExpectedSum / squaredErrorSum)
  }

  /// Peak signal to noise in dB, the peak being the range of the reference; infinite without error.
  package var peakSignalToNoise: Double {
    guard squaredErrorSum > 0 else { return .infinity }
    return 20 * log10((expectedRange.high - expectedRange.low) / rootMeanSquare)
  }

  /// Cosine of the angle between the two arrays as vectors; nil when one of them is 0.
  package var cosine: Double? {
    let lengths = (squaredActualSum * squaredExpectedSum).squareRoot()
    return lengths > 0 ? min(max(productSum / lengths, -1), 1) : nil
  }
}
