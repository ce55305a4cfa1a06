/// What a check found: the same facts for text, JSON and HTML.
package struct CheckReport: Sendable, Encodable {
  /// How a check ended, the worst of what was found.
  package enum Verdict: String, Sendable, Encodable {
    case passed, differs, notFinite, mismatch
  }

  /// How one array fared.
  package enum Status: String, Sendable, Encodable {
    case passed, differs, notFinite, unchecked
  }

  /// Figures of one comparison; those that are infinite or undefined are absent.
  package struct Metrics: Sendable, Encodable {
    package let count: Int
    package let nonFinite: Int
    package let nonFiniteReference: Int
    package let maxAbsolute: Double
    package let meanAbsolute: Double
    package let medianAbsolute: Double
    package let p99Absolute: Double
    /// Of the largest magnitude of the reference.
    package let maxRelative: Double?
    package let rms: Double
    package let snr: Double?
    package let psnr: Double?
    package let cosine: Double?
    package let ulps: [ULPBin]
    package let maxULPs: Int
  }

  /// Distances of more than the bin before and of at most `upTo`.
  package struct ULPBin: Sendable, Encodable {
    package let upTo: Int?
    package let count: Int
  }

  package struct RegionReport: Sendable, Encodable {
    /// `hole`, `rim`, `valid` or `composite`.
    package let name: String
    package let metrics: Metrics
  }

  /// One compared or unchecked array.
  package struct ArrayReport: Sendable, Encodable {
    package let name: String
    package let status: Status
    package var shape: [Int] = []
    package var tolerance = ""
    package var metrics: Metrics?
    /// Share of values whose error is above the tolerance, to 0.4 %.
    package var outliers: Double?
    /// The smallest `--atol` that passes alone.
    package var smallestAtol: Double?
    /// The smallest `--rtol` that passes alone; absent for a reference of zeros.
    package var smallestRtol: Double?
    /// Index of the largest error.
    package var worst: [Int]?
    package var regions: [RegionReport] = []
    package var map: ErrorMap?
    package var decades: [(exponent: Int?, count: Int)] = []

    private enum CodingKeys: String, CodingKey {
      case name, status, shape, tolerance, metrics, outliers, smallestAtol, smallestRtol, worst
      case regions
    }
  }

  package let schema = 1
  package let model: String
  /// What the arrays were compared with.
  package let against: String
  package private(set) var verdict = Verdict.passed
  package private(set) var passed = 0
  package private(set) var failed = 0
  package private(set) var unchecked = 0
  package private(set) var problems: [String] = []
  package private(set) var arrays: [ArrayReport] = []

  private enum CodingKeys: String, CodingKey {
    case schema, model, against, verdict, passed, failed, unchecked, problems, arrays
  }

  package init(model: String, against: String) {
    self.model = model
    self.against = against
  }

  /// Adds a fault of the references: names, shapes, arrays that are not there.
  package mutating func add(problem: String) {
    problems.append(problem)
    verdict = .mismatch
  }

  package mutating func add(_ array: ArrayReport) {
    arrays.append(array)
    switch array.status {
    case .passed: passed += 1
    case .unchecked: unchecked += 1
    case .differs:
      failed += 1
      if verdict == .passed { verdict = .differs }
    case .notFinite:
      failed += 1
      if verdict != .mismatch { verdict = .notFinite }
    }
  }

  /// Fails a check in which nothing was compared, so that no empty check passes.
  package mutating func requireSomething() {
    if passed + failed == 0, problems.isEmpty { add(problem: "nothing was compared") }
  }
}

extension CheckReport.Metrics {
  package init(_ comparison: ArrayComparison) {
    count = comparison.count
    nonFinite = comparison.nonFiniteActual
    nonFiniteReference = comparison.nonFiniteExpected
    maxAbsolute = comparison.maximumError
    meanAbsolute = comparison.meanError
    medianAbsolute = comparison.magnitudes.quantile(0.5)
    p99Absolute = min(comparison.magnitudes.quantile(0.99), comparison.maximumError)
    maxRelative = comparison.relativeError
    rms = comparison.rootMeanSquare
    snr = comparison.signalToNoise.ifFinite
    psnr = comparison.peakSignalToNoise.ifFinite
    cosine = comparison.cosine
    ulps = comparison.ulps.counts.map { .init(upTo: $0.upTo, count: $0.count) }
    maxULPs = comparison.ulps.largest
  }
}

extension CheckReport.ArrayReport {
  /// The report of an array that was compared.
  package init(
    _ name: String, shape: [Int], _ comparison: ArrayComparison, _ tolerance: Tolerance
  ) {
    self.name = name
    self.shape = shape
    status =
      !comparison.isFinite ? .notFinite : tolerance.accepts(comparison) ? .passed : .differs
    self.tolerance = tolerance.text
    metrics = CheckReport.Metrics(comparison)
    if let limit = tolerance.limit(comparison) {
      outliers =
        comparison.maximumError <= limit ? 0 : comparison.magnitudes.share(above: limit)
    }
    smallestAtol = comparison.maximumError
    smallestRtol = comparison.relativeError
    worst = comparison.worstIndex.map { Self.coordinates(of: $0, in: shape) }
    decades = comparison.magnitudes.decades
  }

  /// The report of an array that was not compared, by request; one that is not finite fails all
  /// the same.
  package static func uncompared(
    _ name: String, isFinite: Bool = true
  ) -> CheckReport.ArrayReport {
    CheckReport.ArrayReport(name: name, status: isFinite ? .unchecked : .notFinite)
  }

  private init(name: String, status: CheckReport.Status) {
    self.name = name
    self.status = status
  }

  private static func coordinates(of index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    var result: [Int] = []
    for length in shape.reversed() {
      result.append(rest % max(length, 1))
      rest /= max(length, 1)
    }
    return result.reversed()
  }
}

extension Double {
  /// The number unless it is infinite or a NaN.
  var ifFinite: Double? { isFinite ? self : nil }
}
