/// A named size that is known only at run time, with the multiple that every valid value has.
public struct Symbol: Hashable, Sendable {
  public let name: String
  /// Valid sizes are multiples of this; 1 when any size is valid.
  public let multiple: Int

  public init(_ name: String, multiple: Int = 1) {
    precondition(multiple >= 1, "a size multiple is at least 1")
    self.name = name
    self.multiple = multiple
  }
}

/// One axis length: a number, or `floor((scale · symbol + offset) / divisor)`.
///
/// Strided windows and nested floors stay in this form, so two axes that are always equal compare
/// equal: with `H` a multiple of 2, `(H + 6 - 7) / 2 + 1` is `H/2`. Numbers stay far from overflow
/// while every length is checked against the bound before the next step.
public enum Dimension: Hashable, Sendable {
  case fixed(Int)
  case symbolic(Symbol, scale: Int, offset: Int, divisor: Int)

  public static func symbol(_ symbol: Symbol) -> Dimension {
    .symbolic(symbol, scale: 1, offset: 0, divisor: 1)
  }

  /// The number, when it does not depend on a symbol.
  public var fixedValue: Int? {
    if case .fixed(let value) = self { value } else { nil }
  }

  public func adding(_ amount: Int) -> Dimension {
    switch self {
    case .fixed(let value): .fixed(value + amount)
    case .symbolic(let symbol, let scale, let offset, let divisor):
      .normalized(symbol, scale, offset + amount * divisor, divisor)
    }
  }

  /// The length divided by `amount`, rounded down.
  public func dividedRoundingDown(by amount: Int) -> Dimension {
    precondition(amount > 0, "axis lengths are divided by positive numbers")
    switch self {
    case .fixed(let value): return .fixed(floorDivision(value, amount))
    case .symbolic(let symbol, let scale, let offset, let divisor):
      return .normalized(symbol, scale, offset, divisor * amount)
    }
  }

  /// The length times `factor`, or nil when the product of a rounded length has no such form: then
  /// the symbol needs a larger multiple.
  public func multiplied(by factor: Int) -> Dimension? {
    switch self {
    case .fixed(let value):
      return .fixed(value * factor)
    case .symbolic(let symbol, let scale, let offset, let divisor):
      let isExact = (scale * symbol.multiple) % divisor == 0 && offset % divisor == 0
      guard factor == 1 || isExact else { return nil }
      return .normalized(symbol, scale * factor, offset * factor, divisor)
    }
  }

  /// Whether every valid value of this length is a multiple of `amount`.
  public func isMultiple(of amount: Int) -> Bool {
    switch self {
    case .fixed(let value): value % amount == 0
    case .symbolic(let symbol, let scale, let offset, let divisor):
      (scale * symbol.multiple) % (divisor * amount) == 0 && offset % (divisor * amount) == 0
    }
  }

  /// Number of positions of a window of `extent` cells moved by `stride` over this axis.
  public func windowCount(extent: Int, stride: Int) -> Dimension {
    adding(-extent).dividedRoundingDown(by: stride).adding(1)
  }

  /// Whether every number in it is small enough for further arithmetic.
  var isBounded: Bool {
    let limit = -(1 << 31)...(1 << 31)
    switch self {
    case .fixed(let value): return limit.contains(value)
    case .symbolic(let symbol, let scale, let offset, let divisor):
      let (slope, overflows) = scale.multipliedReportingOverflow(by: symbol.multiple)
      return !overflows && [slope, scale, offset, divisor].allSatisfy(limit.contains)
    }
  }

  /// The length when each symbol has the value that `values` gives it.
  public func evaluated(_ values: [String: Int]) -> Int? {
    switch self {
    case .fixed(let value): return value
    case .symbolic(let symbol, let scale, let offset, let divisor):
      guard let value = values[symbol.name] else { return nil }
      return floorDivision(scale * value + offset, divisor)
    }
  }

  private static func normalized(
    _ symbol: Symbol, _ scale: Int, _ offset: Int, _ divisor: Int
  ) -> Dimension {
    let step = greatestCommonDivisor(scale * symbol.multiple, divisor)
    let offset = floorDivision(offset, step) * step
    let common = greatestCommonDivisor(greatestCommonDivisor(scale, offset), divisor)
    return .symbolic(
      symbol, scale: scale / common, offset: offset / common, divisor: divisor / common)
  }
}

extension Dimension: CustomStringConvertible {
  /// `64`, `H`, `H/2`, `H*2`, `(H-1)/2`, `(H*3+1)/4`.
  public var description: String {
    switch self {
    case .fixed(let value): return "\(value)"
    case .symbolic(let symbol, let scale, let offset, let divisor):
      let product = scale == 1 ? symbol.name : "\(symbol.name)*\(scale)"
      if offset == 0 { return divisor == 1 ? product : "\(product)/\(divisor)" }
      let sum = "\(product)\(offset < 0 ? "-" : "+")\(abs(offset))"
      return divisor == 1 ? sum : "(\(sum))/\(divisor)"
    }
  }
}

private func floorDivision(_ value: Int, _ divisor: Int) -> Int {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}

private func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
  var (first, second) = (abs(first), abs(second))
  while second != 0 { (first, second) = (second, first % second) }
  return max(first, 1)
}
