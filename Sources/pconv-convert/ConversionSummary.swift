import PartialConv

/// The report as programs read it.
struct ConversionSummary: Encodable {
  struct Pass: Encodable {
    var name: String
    var exactness: String
    var rewrites: Int
    var kept: [String]
  }

  var schema = 1
  var output: String
  var network: String
  var title: String
  var reason: String
  var source: String
  var options: [String: String]
  var notes: [String]
  var passes: [Pass]
  var precision: PrecisionSummary?

  init(_ report: ConversionReport, output: String) {
    self.output = output
    network = report.network
    title = report.title
    reason = report.reason
    source = report.sourceFormat
    options = Dictionary(report.options.map { ($0.key, $0.value) }) { first, _ in first }
    notes = report.notes
    passes = report.passes.map {
      Pass(name: $0.name, exactness: $0.exactness, rewrites: $0.rewrites.count, kept: $0.kept)
    }
    precision = report.precision.map(PrecisionSummary.init)
  }
}
