import Foundation

extension CheckReport {
  /// The report for people, one line for each array and what is worth knowing of it.
  package var text: String {
    var lines = arrays.flatMap(\.lines)
    let rest = arrays.filter { $0.status == .unchecked }.map(\.name)
    if !rest.isEmpty {
      lines.append(
        "unchecked: " + rest.prefix(8).joined(separator: ", ") + (rest.count > 8 ? ", …" : ""))
    }
    lines += problems.map { "problem: \($0)" }
    var counts = "\(passed) passed, \(failed) failed, \(unchecked) unchecked"
    if !problems.isEmpty { counts += ", \(problems.count) problems" }
    lines.append("\(model) against \(against): \(verdict.words) (\(counts))")
    return lines.joined(separator: "\n")
  }
}

extension CheckReport.Verdict {
  fileprivate var words: String {
    switch self {
    case .passed: "PASSED"
    case .differs: "DIFFERS"
    case .notFinite: "NOT FINITE"
    case .mismatch: "REFERENCES DO NOT FIT"
    }
  }
}

extension CheckReport.ArrayReport {
  fileprivate var lines: [String] {
    guard let metrics else {
      return status == .unchecked ? [] : ["\(name): \(status.rawValue), compared with nothing"]
    }
    var lines = ["\(name) \(shape): \(status.rawValue)"]
    lines[0] += tolerance.isEmpty ? "" : " (\(tolerance))"
    lines.append("  " + metrics.line)
    if metrics.nonFinite + metrics.nonFiniteReference > 0 {
      lines.append(
        "  not finite: \(metrics.nonFinite) values, \(metrics.nonFiniteReference) references")
    }
    var smallest = "  smallest tolerance that passes: --atol \(short(smallestAtol ?? 0))"
    if let smallestRtol { smallest += ", or --rtol \(short(smallestRtol))" }
    if let outliers, outliers > 0 {
      smallest += "; outliers \(String(format: "%.4g", outliers * 100)) %"
    }
    lines.append(smallest)
    if let worst { lines.append("  worst at \(worst); ulps: \(metrics.ulpLine)") }
    for region in regions {
      lines.append(
        "  \(region.name.padding(toLength: 9, withPad: " ", startingAt: 0)) \(region.metrics.line)")
    }
    return lines
  }
}

extension CheckReport.Metrics {
  fileprivate var line: String {
    var parts = ["max \(short(maxAbsolute))"]
    if let maxRelative { parts[0] += " (relative \(short(maxRelative)))" }
    parts += ["mean \(short(meanAbsolute))", "rms \(short(rms))"]
    parts.append("SNR \(decibel(snr, " dB"))")
    parts.append("PSNR \(decibel(psnr, " dB"))")
    if let cosine { parts.append(String(format: "cosine %.9f", cosine)) }
    return parts.joined(separator: ", ")
  }

  fileprivate var ulpLine: String {
    ulps.map { bin in "\(bin.upTo.map { "<=\($0)" } ?? "more"): \(bin.count)" }
      .joined(separator: ", ")
  }

  /// A ratio in dB; one that is absent is infinite without errors, and undefined with errors
  /// against a reference of zeros or of one value.
  func decibel(_ value: Double?, _ unit: String = "") -> String {
    value.map { String(format: "%.1f", $0) + unit } ?? (maxAbsolute == 0 ? "infinite" : "undefined")
  }
}

/// A number in three digits.
func short(_ value: Double) -> String { String(format: "%.3g", value) }
