import ArgumentParser
import CommandSupport
import GraphPasses
import PartialConv

/// Options that choose and show the passes of a conversion.
struct OptimiserOptions: ParsableArguments {
  @Option(help: "Comma-separated names: run these passes in this order.")
  var passes: String?

  @Option(help: "Leave this pass out; may be repeated.")
  var noPass: [String] = []

  @Option(help: "Make this many rewrites and no more, to find the one at fault.")
  var stopAfter: Int?

  @Option(
    name: .customLong("dump-ir"), help: "Write the graph in text form to a file or - (stdout).")
  var dumpIR: String?

  @Option(help: "Write the graph in the DOT language to a file or -.")
  var dot: String?

  @Option(help: "Draw the graph as an SVG picture into a file or -.")
  var svg: String?

  @Option(help: "For --dump-ir, --dot and --svg: the graph after this pass, or 'import'.")
  var after: String?

  @Option(help: "Write what every pass did to a file or -.")
  var report: String?

  func validate() throws {
    guard (stopAfter ?? 0) >= 0 else {
      throw ValidationError("--stop-after takes no negative number")
    }
    guard after == nil || dumpIR != nil || dot != nil || svg != nil else {
      throw ValidationError("--after goes with --dump-ir, --dot or --svg")
    }
    let names = ["import"] + PassRegistry.all.map(\.name) + PassRegistry.narrowing
    guard after.map(names.contains) ?? true else {
      throw ValidationError("--after takes one of \(names.joined(separator: ", "))")
    }
  }

  var request: OptimiserRequest {
    OptimiserRequest(
      passes: passes.map { $0.split(separator: ",").map(String.init) }, omitted: Set(noPass),
      stopAfter: stopAfter)
  }

  /// The files that are written, or stdout.
  var outputs: [String] { [dumpIR, dot, svg, report].compactMap(\.self) }

  /// Writes the files that were asked for.
  func write(_ conversion: ConversionReport) throws(PartialConvError) {
    if let dumpIR { try Terminal.write(conversion.graphText(after: after), to: dumpIR) }
    if let dot { try Terminal.write(conversion.graphDot(after: after), to: dot) }
    if let svg { try Terminal.write(conversion.graphSVG(after: after), to: svg) }
    if let report { try Terminal.write(conversion.rewriteText, to: report) }
  }
}
