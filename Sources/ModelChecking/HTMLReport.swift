import Foundation
import GraphIR
import Imaging

/// A report as one HTML page that needs no other file: figures, histograms and maps of the errors.
package enum HTMLReport {
  package static func page(_ report: CheckReport) -> String {
    let problems = report.problems.map { "<li>\($0.escapedForMarkup)</li>" }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>\(report.model.escapedForMarkup)</title>
      <style>
      body { font-family: sans-serif; margin: 2em; color: #222; }
      table { border-collapse: collapse; margin: 0.5em 0; }
      td, th { border: 1px solid #ccc; padding: 0.2em 0.6em; text-align: right; }
      th:first-child, td:first-child { text-align: left; }
      .passed { color: #176f2c; } .failed { color: #b00020; }
      img { image-rendering: pixelated; border: 1px solid #ccc; }
      </style></head><body>
      <h1 class="\(cssClass(report.verdict == .passed))">\(report.model.escapedForMarkup): \
      \(report.verdict.rawValue)</h1>
      <p>Compared with \(report.against.escapedForMarkup). \
      \(report.passed) passed, \(report.failed) failed, \(report.unchecked) unchecked.</p>
      <ul>\(problems)</ul>
      \(report.arrays.map(section).joined(separator: "\n"))
      </body></html>

      """
  }

  private static func section(_ array: CheckReport.ArrayReport) -> String {
    let isGood = array.status == .passed || array.status == .unchecked
    var html =
      "<h2 class=\"\(cssClass(isGood))\">\(array.name.escapedForMarkup): "
      + "\(array.status.rawValue)</h2>"
    guard let metrics = array.metrics else { return html }
    html += "<p>shape \(array.shape), tolerance \(array.tolerance.escapedForMarkup)"
    if let worst = array.worst { html += ", worst at \(worst)" }
    html += "</p><table><tr><th></th><th>max</th><th>relative</th><th>mean</th><th>rms</th>"
    html += "<th>SNR dB</th><th>PSNR dB</th><th>cosine</th><th>values</th></tr>"
    html += row("all", metrics)
    html += array.regions.map { row($0.name, $0.metrics) }.joined()
    html += "</table>"
    let decades = array.decades.map { decade in
      (decade.exponent.map { "1e\($0)" } ?? "0", decade.count)
    }
    html += histogram("errors by magnitude", decades)
    html += histogram(
      "errors in units in the last place",
      metrics.ulps.map { ($0.upTo.map { "≤\($0)" } ?? "more", $0.count) })
    if let map = array.map, let picture = map.png {
      html +=
        "<p>largest error of each pixel of the first picture, black 0, white \(short(map.peak)), "
      html += "blue not finite</p><img alt=\"error map\" src=\"data:image/png;base64,\(picture)\">"
    }
    return html
  }

  private static func row(_ name: String, _ metrics: CheckReport.Metrics) -> String {
    let cells = [
      short(metrics.maxAbsolute), metrics.maxRelative.map(short) ?? "–",
      short(metrics.meanAbsolute),
      short(metrics.rms), metrics.decibel(metrics.snr), metrics.decibel(metrics.psnr),
      metrics.cosine.map { String(format: "%.9f", $0) } ?? "–", "\(metrics.count)",
    ]
    return "<tr><td>\(name.escapedForMarkup)</td>" + cells.map { "<td>\($0)</td>" }.joined()
      + "</tr>"
  }

  /// Bars of the square roots of the counts, so that rare errors are seen.
  private static func histogram(_ title: String, _ bars: [(label: String, count: Int)]) -> String {
    guard let most = bars.map(\.count).max(), most > 0 else { return "" }
    let step = 44
    var svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"\(bars.count * step + 10)\" "
    svg += "height=\"150\" font-size=\"10\" text-anchor=\"middle\"><title>\(title)</title>"
    for (index, bar) in bars.enumerated() {
      let height = (Double(bar.count) / Double(most)).squareRoot() * 100
      let left = index * step + 5
      svg +=
        "<rect x=\"\(left)\" y=\"\(120 - height)\" width=\"36\" height=\"\(height)\" "
      svg += "fill=\"#4a78b0\"/>"
      svg += "<text x=\"\(left + 18)\" y=\"\(115 - height)\">\(bar.count)</text>"
      svg += "<text x=\"\(left + 18)\" y=\"135\">\(bar.label.escapedForMarkup)</text>"
    }
    return "<figure><figcaption>\(title)</figcaption>\(svg)</svg></figure>"
  }

  private static func cssClass(_ isGood: Bool) -> String { isGood ? "passed" : "failed" }
}

extension ErrorMap {
  /// The largest finite error.
  fileprivate var peak: Double { Double(errors.filter(\.isFinite).max() ?? 0) }

  /// A PNG file in base 64: grey by the square root of the error, blue where it is not finite.
  fileprivate var png: String? {
    let peak = max(peak, .leastNormalMagnitude)
    var samples: [UInt16] = []
    samples.reserveCapacity(errors.count * 3)
    for error in errors {
      guard error.isFinite else {
        samples += [0, 0, 255]
        continue
      }
      let grey = UInt16((Double(error) / peak).squareRoot() * 255)
      samples += [grey, grey, grey]
    }
    let picture = Picture(
      width: width, height: height, channels: 3, bitDepth: 8, samples: samples)
    return (try? picture.pngBytes()).map { Data($0).base64EncodedString() }
  }
}
