import GraphIR
import Testing

@Suite struct DimensionTests {
  private let any = Dimension.symbol(Symbol("H"))
  private let even = Dimension.symbol(Symbol("H", multiple: 2))

  @Test func `keeps one form for lengths that are always equal`() {
    #expect(even.adding(6).windowCount(extent: 7, stride: 2) == even.dividedRoundingDown(by: 2))
    #expect(even.adding(1).dividedRoundingDown(by: 2) == even.dividedRoundingDown(by: 2))
    #expect(even.adding(1).dividedRoundingDown(by: 4) == even.dividedRoundingDown(by: 4))
    #expect(any.adding(1).dividedRoundingDown(by: 2) != any.dividedRoundingDown(by: 2))
    #expect(any.multiplied(by: 4)?.dividedRoundingDown(by: 2) == any.multiplied(by: 2))
    #expect(any.adding(3).adding(-3) == any)
  }

  @Test func `rounds towards minus infinity`() {
    #expect(Dimension.fixed(-1).dividedRoundingDown(by: 2) == .fixed(-1))
    #expect(Dimension.fixed(-4).dividedRoundingDown(by: 2) == .fixed(-2))
    #expect(any.adding(-4).dividedRoundingDown(by: 3).evaluated(["H": 2]) == -1)
    #expect(any.evaluated(["W": 2]) == nil)
  }

  @Test func `multiplies a rounded length only where rounding never happens`() {
    #expect(any.dividedRoundingDown(by: 2).multiplied(by: 2) == nil)
    #expect(any.dividedRoundingDown(by: 2).multiplied(by: 1) == any.dividedRoundingDown(by: 2))
    #expect(even.dividedRoundingDown(by: 2).multiplied(by: 2) == even)
    #expect(Dimension.fixed(3).multiplied(by: 5) == .fixed(15))
  }

  @Test func `knows the multiples of a length`() {
    let length = Dimension.symbol(Symbol("H", multiple: 12))
    #expect(length.isMultiple(of: 4))
    #expect(!length.isMultiple(of: 8))
    #expect(length.dividedRoundingDown(by: 2).isMultiple(of: 6))
    #expect(!length.adding(1).isMultiple(of: 3))
    #expect(Dimension.fixed(9).isMultiple(of: 3))
  }

  /// Replay one case by putting its seed alone into `arguments`.
  @Test(arguments: UInt64(0)..<200)
  func `counts windows as sliding them does`(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let multiple = Int.random(in: 1...6, using: &random)
    let extent = Int.random(in: 1...9, using: &random)
    let stride = Int.random(in: 1...5, using: &random)
    let border = Int.random(in: 0...6, using: &random)
    let symbol = Dimension.symbol(Symbol("H", multiple: multiple))
    let count = symbol.adding(border).windowCount(extent: extent, stride: stride)
    for step in 1...40 where step * multiple + border >= extent {
      let length = step * multiple + border
      let slid = Swift.stride(from: 0, through: length - extent, by: stride).reduce(0) { n, _ in
        n + 1
      }
      #expect(count.evaluated(["H": step * multiple]) == slid, "seed \(seed), H \(length)")
      #expect(Dimension.fixed(length).windowCount(extent: extent, stride: stride) == .fixed(slid))
    }
  }

  /// Replay one case by putting its seed alone into `arguments`.
  @Test(arguments: UInt64(0)..<300)
  func `agrees with whole numbers over random chains and compares equal when they do`(
    _ seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let multiple = Int.random(in: 1...8, using: &random)
    let values = (1...60).map { $0 * multiple }
    let chains = (0..<12).map { _ in Self.chain(multiple, values, using: &random) }
    for (length, expected) in chains {
      #expect(values.map { length.evaluated(["H": $0]) } == expected, "seed \(seed): \(length)")
      for (other, otherExpected) in chains {
        #expect(
          (length == other) == (expected == otherExpected), "seed \(seed): \(length), \(other)")
      }
    }
  }

  private static func chain(
    _ multiple: Int, _ values: [Int], using random: inout SeededGenerator
  ) -> (length: Dimension, expected: [Int]) {
    var length = Dimension.symbol(Symbol("H", multiple: multiple))
    var expected = values
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let amount = Int.random(in: 1...3, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0:
        length = length.adding(2 - amount)
        expected = expected.map { $0 + 2 - amount }
      case 1:
        length = length.dividedRoundingDown(by: amount)
        expected = expected.map { Int((Double($0) / Double(amount)).rounded(.down)) }
      default:
        guard let product = length.multiplied(by: amount) else { continue }
        length = product
        expected = expected.map { $0 * amount }
      }
    }
    return (length, expected)
  }
}
