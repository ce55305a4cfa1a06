import ArgumentParser
import CommandSupport
import ModelChecking
import PartialConv

/// Where reports go.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Print the report as JSON.")
  var json = false

  @Option(help: "Write the report as one HTML page with pictures of the errors to this file.")
  var html: String?

  @Flag(help: "Print nothing; the exit status tells.")
  var quiet = false

  /// Prints a report and ends with an error of the verdict's kind unless it passed.
  func show(_ report: CheckReport) throws(PartialConvError) {
    if let html { try TextFile.write(HTMLReport.page(report), to: html) }
    print(report, text: report.text)
    let kind: PartialConvError.Kind
    switch report.verdict {
    case .passed: return
    case .differs: kind = .differs
    case .notFinite: kind = .notFinite
    case .mismatch: kind = .mismatch
    }
    let failed = report.arrays.first { $0.status == .differs || $0.status == .notFinite }
    let reason =
      report.problems.first
      ?? "\(report.failed) arrays failed, the first is '\(failed?.name ?? "")'"
    throw PartialConvError(kind, "\(report.model): \(reason)")
  }

  /// Prints `object` as JSON or `text`.
  func print(_ object: some Encodable, text: @autoclosure () -> String) {
    if json { Terminal.printJSON(object) } else if !quiet { Terminal.show(text()) }
  }
}
