/// How far an array may lie from its reference.
///
/// It passes when `max |actual - expected| <= absolute + relative · max |expected|`, when there is
/// such a limit, and when its PSNR is at least `psnr`, when that is given. The relative part is of
/// the largest magnitude and not of each value, since sums round by the size of their terms.
package struct Tolerance: Hashable, Sendable {
  /// Named tolerances.
  package enum Preset: String, CaseIterable, Sendable {
    /// Equal values.
    case exact
    /// Rounding of sums in another order: 1e-5 of the largest magnitude.
    case close
    /// Faster functions and formats: 1e-4 of the largest magnitude.
    case approximate
    /// Pictures that are stored narrow on the way, where a sum that rounds otherwise may end one
    /// step of 8 bits away: 2e-2 of the largest magnitude, and a PSNR of 60 dB.
    case narrow
  }

  package var absolute: Double?
  package var relative: Double?
  /// In dB.
  package var psnr: Double?

  package init(absolute: Double? = nil, relative: Double? = nil, psnr: Double? = nil) {
    self.absolute = absolute
    self.relative = relative
    self.psnr = psnr
  }

  package init(_ preset: Preset) {
    switch preset {
    case .exact: self.init(absolute: 0, relative: 0)
    case .close: self.init(relative: 1e-5)
    case .approximate: self.init(relative: 1e-4)
    case .narrow: self.init(relative: 2e-2, psnr: 60)
    }
  }

  /// The largest error that passes, in the unit of the array; nil when only the PSNR counts.
  package func limit(_ comparison: ArrayComparison) -> Double? {
    guard absolute != nil || relative != nil else { return nil }
    return (absolute ?? 0) + (relative ?? 0) * comparison.largestExpected
  }

  /// Whether all is finite, something was compared, and every limit is kept.
  package func accepts(_ comparison: ArrayComparison) -> Bool {
    guard comparison.isFinite, comparison.count > 0 else { return false }
    if let limit = limit(comparison), !(comparison.maximumError <= limit) { return false }
    if let psnr, !(comparison.peakSignalToNoise >= psnr) { return false }
    return true
  }

  /// The tolerance as options of the command.
  package var text: String {
    [("--atol", absolute), ("--rtol", relative), ("--psnr", psnr)]
      .compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: " ")
  }
}

/// The tolerance of every array, by name.
package struct ToleranceTable: Sendable {
  private let preset: Tolerance
  private var common = Tolerance()
  private var named: [String: Tolerance] = [:]

  /// The same tolerance for all arrays.
  package init(_ preset: Tolerance.Preset = .close) { self.preset = Tolerance(preset) }

  /// Reads `VALUE` and `NAME:VALUE`; an array with a value of its own takes no other kind from the
  /// common ones, and the preset holds only where nothing is given.
  ///
  /// - Throws: `.badRequest` for what is no number of at least 0, and for a value given twice.
  package init(
    _ preset: Tolerance.Preset, absolute: [String], relative: [String], psnr: [String]
  ) throws(CheckError) {
    self.init(preset)
    try read(absolute, \.absolute, option: "--atol")
    try read(relative, \.relative, option: "--rtol")
    try read(psnr, \.psnr, option: "--psnr")
  }

  package subscript(name: String) -> Tolerance {
    let own = named[name] ?? common
    return own == Tolerance() ? preset : own
  }

  /// - Throws: `.badRequest` when a value is for a name that is not in `names`.
  package func requireKnown(_ names: [String]) throws(CheckError) {
    guard let name = named.keys.sorted().first(where: { !names.contains($0) }) else { return }
    throw CheckError(
      .badRequest,
      "a tolerance is given for '\(name)', which is not compared; compared are "
        + names.joined(separator: ", "))
  }

  private mutating func read(
    _ texts: [String], _ part: WritableKeyPath<Tolerance, Double?>, option: String
  ) throws(CheckError) {
    for text in texts {
      let colon = text.lastIndex(of: ":")
      let number = colon.map { text[text.index(after: $0)...] } ?? text[...]
      guard let value = Double(number), value.isFinite, value >= 0 else {
        throw CheckError(
          .badRequest, "\(option) \(text): needs [NAME:]VALUE, a number of at least 0")
      }
      let name = colon.map { String(text[..<$0]) }
      var tolerance = name.map { named[$0] ?? Tolerance() } ?? common
      guard tolerance[keyPath: part] == nil else {
        throw CheckError(.badRequest, "\(option) is given twice for \(name ?? "all arrays")")
      }
      tolerance[keyPath: part] = value
      if let name { named[name] = tolerance } else { common = tolerance }
    }
  }
}
