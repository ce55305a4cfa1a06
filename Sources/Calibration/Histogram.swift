/// How often which values were seen, in bins that widen as larger values come.
///
/// Bins are as wide as a power of two and reach as far below 0 as above, so the same values in any
/// grouping of calls give the same counts once the widest is known.
package struct Histogram: Sendable {
  /// Bins on either side of 0.
  private static let sideCount = 4096

  package private(set) var minimum = Float.infinity
  package private(set) var maximum = -Float.infinity
  /// Finite values seen.
  package private(set) var count = 0
  /// Width of a bin; bin i holds `(i - 4096) · width ..< (i - 4095) · width`.
  private(set) var width: Float = 0x1p-100
  private(set) var counts = [Int](repeating: 0, count: 2 * sideCount)

  package init() {}

  /// Adds the values; those that are not finite are passed over.
  package mutating func add(_ values: some Sequence<Float>) {
    for value in values where value.isFinite {
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      count += 1
      if abs(value) >= width * Float(Self.sideCount) { widen(to: abs(value)) }
      counts[Int((value / width).rounded(.down)) + Self.sideCount] += 1
    }
  }

  /// The bins that hold something: the middle of each, within the seen range, and its count.
  package var bins: [(value: Float, count: Int)] {
    counts.indices.filter { counts[$0] > 0 }.map { index in
      let middle = (Float(index - Self.sideCount) + 0.5) * width
      return (min(max(middle, minimum), maximum), counts[index])
    }
  }

  /// The value below which `share` of all values lie, to half a bin; 0 of an empty histogram.
  package func quantile(_ share: Double) -> Float {
    let wanted = Double(count) * share
    var sum = 0.0
    for bin in bins {
      sum += Double(bin.count)
      if sum >= wanted { return bin.value }
    }
    return count == 0 ? 0 : maximum
  }

  /// Doubles the bins until `magnitude` falls into one. A finite `f32` always does.
  private mutating func widen(to magnitude: Float) {
    while magnitude >= width * Float(Self.sideCount) {
      if count > 1 {
        var merged = [Int](repeating: 0, count: counts.count)
        for index in counts.indices where counts[index] > 0 {
          let place = index - Self.sideCount
          merged[(place >= 0 ? place / 2 : (place - 1) / 2) + Self.sideCount] += counts[index]
        }
        counts = merged
      }
      width *= 2
    }
  }
}
