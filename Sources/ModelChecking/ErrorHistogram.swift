/// How many errors have which magnitude, in bins of 1/256 of a power of two.
///
/// Constant memory whatever the number of errors, so quantiles and shares come from one reading.
package struct ErrorHistogram: Sendable {
  private static let binCount = 1 << 16
  private static let droppedBits: UInt32 = 15

  private var bins = [Int](repeating: 0, count: Self.binCount)
  package private(set) var count = 0

  package init() {}

  /// Counts one error, at least 0 and not a NaN.
  package mutating func add(_ magnitude: Float) {
    bins[Int(magnitude.bitPattern >> Self.droppedBits)] += 1
    count += 1
  }

  package mutating func merge(_ other: ErrorHistogram) {
    for index in bins.indices { bins[index] += other.bins[index] }
    count += other.count
  }

  /// The magnitude that a share `fraction` of the errors does not exceed, to 0.4 %.
  package func quantile(_ fraction: Double) -> Double {
    let wanted = max(Int((Double(count) * fraction).rounded(.up)), 1)
    var seen = 0
    for (index, bin) in bins.enumerated() where bin > 0 {
      seen += bin
      if seen >= wanted { return Double(Self.lowerBound(index)) }
    }
    return 0
  }

  /// The share of errors above `limit`, to 0.4 % of the limit.
  package func share(above limit: Double) -> Double {
    guard count > 0 else { return 0 }
    var above = 0
    for (index, bin) in bins.enumerated() where bin > 0 {
      if Double(Self.lowerBound(index)) > limit { above += bin }
    }
    return Double(above) / Double(count)
  }

  /// Counts by power of ten, `exponent` meaning errors in `10^exponent ..< 10^(exponent + 1)`; nil
  /// for errors of exactly 0.
  package var decades: [(exponent: Int?, count: Int)] {
    var exact = 0
    var counts: [Int: Int] = [:]
    for (index, bin) in bins.enumerated() where bin > 0 {
      let value = Double(Self.lowerBound(index))
      if value == 0 { exact += bin } else { counts[Self.decade(of: value), default: 0] += bin }
    }
    let zero: [(exponent: Int?, count: Int)] = exact > 0 ? [(nil, exact)] : []
    return zero + counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func lowerBound(_ index: Int) -> Float {
    Float(bitPattern: UInt32(index) << droppedBits)
  }

  private static func decade(of value: Double) -> Int {
    var exponent = 0
    var bound = 1.0
    while bound > value {
      bound /= 10
      exponent -= 1
    }
    while bound * 10 <= value {
      bound *= 10
      exponent += 1
    }
    return exponent
  }
}
