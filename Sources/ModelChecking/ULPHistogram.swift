/// How many units in the last place of an `f32` lie between values and their references.
package struct ULPHistogram: Sendable {
  /// Distances of 0, 1, 2, 3 to 4, 5 to 8, … and in the last bin all larger ones.
  package private(set) var bins = [Int](repeating: 0, count: 26)
  package private(set) var largest = 0

  package init() {}

  /// Counts the number of `f32` values from one finite value to the other.
  package mutating func add(_ actual: Float, _ expected: Float) {
    let distance = abs(Self.position(actual) - Self.position(expected))
    largest = max(largest, distance)
    let bin = distance < 2 ? distance : Int.bitWidth - (distance - 1).leadingZeroBitCount + 1
    bins[min(bin, bins.count - 1)] += 1
  }

  package mutating func merge(_ other: ULPHistogram) {
    for index in bins.indices { bins[index] += other.bins[index] }
    largest = max(largest, other.largest)
  }

  /// The bins that are not empty, each with the largest distance it counts; nil for the last.
  package var counts: [(upTo: Int?, count: Int)] {
    bins.enumerated().filter { $0.element > 0 }.map { index, count in
      let bound = index < 2 ? index : 1 << (index - 1)
      return (index == bins.count - 1 ? nil : bound, count)
    }
  }

  /// Place of a value among all `f32` values in order; -0 and 0 share one.
  private static func position(_ value: Float) -> Int {
    let bits = Int(value.bitPattern & 0x7FFF_FFFF)
    return value.sign == .minus ? -bits : bits
  }
}
