import ArgumentParser
import CommandSupport
import Foundation
import GraphIR
import ModelChecking
import ModelFile
import PartialConv
import TensorCore

/// Showing, verifying and telling apart model files.
struct InspectionOptions: ParsableArguments {
  @Flag(help: "Show what is in the model: layers, parameters, passes, origin.")
  var inspect = false

  @Flag(help: "Check every digest in the model file.")
  var verify = false

  @Flag(help: "Show what tells two model files apart; 1 when something does.")
  var diff = false

  @Option(help: "With --inspect: write the graph in the DOT language to this file.")
  var dot: String?

  @Option(help: "With --inspect: draw the graph as an SVG picture into this file.")
  var svg: String?

  func validate() throws {
    guard (dot == nil && svg == nil) || inspect else {
      throw ValidationError("--dot and --svg go with --inspect")
    }
  }

  func showModel(
    _ path: String, _ numeric: TierOption, _ output: ReportOptions
  ) throws(PartialConvError) {
    let model = try CheckedModel(path)
    if let dot { try TextFile.write(GraphDotPrinter.text(model.graph.graph), to: dot) }
    if let svg { try TextFile.write(GraphSVGPrinter.text(model.graph.graph), to: svg) }
    let inspection = ModelInspection(model.stored, model: path, tier: numeric.tier)
    output.print(inspection, text: inspection.text)
  }

  func verifyModel(_ path: String, _ output: ReportOptions) throws(PartialConvError) {
    let verification = Verification(try CheckedModel(path))
    output.print(verification, text: verification.text)
  }

  func showDifference(_ paths: [String], _ output: ReportOptions) throws(PartialConvError) {
    guard paths.count == 2 else { throw PartialConvError(.usage, "--diff takes two model files") }
    let difference = ModelDifference(
      try CheckedModel(paths[0]).stored, try CheckedModel(paths[1]).stored,
      names: (paths[0], paths[1]))
    output.print(difference, text: difference.text)
    guard difference.isEmpty else {
      throw PartialConvError(
        .differs, "\(paths[0]) and \(paths[1]) differ in \(difference.differences.count) places")
    }
  }
}

/// A file of which everything was checked: reading throws otherwise.
private struct Verification: Encodable {
  let schema = 1
  let model: String
  let tensors: Int
  let bytes: Int
  let nodes: Int

  init(_ model: CheckedModel) {
    self.model = model.path
    let constants = model.graph.graph.constants
    tensors = constants.count
    bytes = constants.reduce(0) { $0 + $1.tensor.byteCount }
    nodes = model.graph.graph.nodes.count
  }

  var text: String {
    "\(model): sound — header, manifest, \(tensors) tensors of \(bytes) bytes, \(nodes) nodes"
  }
}
