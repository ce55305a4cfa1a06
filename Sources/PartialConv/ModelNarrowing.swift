import Calibration
import GraphIR
import GraphPasses
import ModelImport
import TensorCore

/// Gives the layers of an optimised graph fewer bits.
struct ModelNarrowing {
  private let request: PrecisionRequest
  private let optimiser: OptimiserRequest
  private let progress: (String) -> Void

  /// - Parameter progress: called before each run of the network.
  init(
    _ request: PrecisionRequest, _ optimiser: OptimiserRequest,
    progress: @escaping (String) -> Void
  ) {
    self.request = request
    self.optimiser = optimiser
    self.progress = progress
  }

  /// Narrows `graph`, on which `rewriteCount` rewrites were made before.
  ///
  /// - Throws: `PartialConvError` for samples or a table that do not fit.
  func run(
    _ graph: VerifiedGraph, processing: PictureProcessing?, rewriteCount: Int
  ) throws(PartialConvError) -> (
    graph: VerifiedGraph, records: [PassRecord], report: PrecisionReport
  ) {
    var done = rewriteCount
    let limit = optimiser.stopAfter ?? .max
    func passes(
      _ pipeline: PassPipeline, on graph: VerifiedGraph
    ) throws(PartialConvError) -> (graph: VerifiedGraph, records: [PassRecord]) {
      let result = try reporting { () throws(PassError) in
        try optimiser.withoutOmitted(pipeline).run(graph, stopAfter: max(limit - done, 0))
      }
      done += result.records.reduce(0) { $0 + $1.rewrites.count }
      return result
    }
    let prepared = try passes(.narrowingPreparation, on: graph)
    let choice = try choose(prepared.graph, processing)
    let narrowed = try passes(.narrowing(choice.plan), on: prepared.graph)
    return (
      narrowed.graph, prepared.records + narrowed.records,
      PrecisionReport(
        request, choice, before: prepared.graph, after: narrowed.graph)
    )
  }

  /// The plan and what was measured on the way to it.
  struct Choice {
    var plan: NarrowingPlan
    var psnr: Double?
    var sensitivity: [PrecisionTrial.LayerResult] = []
    var promotions: [PrecisionSearch.Promotion] = []
    var runs = 0
  }

  private func choose(
    _ graph: VerifiedGraph, _ processing: PictureProcessing?
  ) throws(PartialConvError) -> Choice {
    guard let calibration = request.calibration else {
      let table = try request.table.map { path throws(PartialConvError) in
        try readTable(path, graph.graph)
      }
      return Choice(plan: try plan(graph.graph, table))
    }
    let samples = try CalibrationSamples(
      calibration, masks: request.masks, graph: graph.graph, processing: processing
    ).inputs
    var table: CalibrationTable?
    if request.precision == .int8 {
      table = try reporting { () throws(CalibrationError) in
        CalibrationTable(
          try Calibrator(graph, Calibrator.Settings(method: request.method))
            .run(samples, progress: progress))
      }
    }
    var choice = Choice(plan: try plan(graph.graph, table))
    choice.runs = samples.count
    try reporting { () throws(CalibrationError) in
      let trial = try PrecisionTrial(
        graph, samples: samples, scale: Self.scale(processing, graph))
      try measure(&choice, trial)
    }
    if var table, let path = request.table {
      table.layers = NarrowLayers(graph.graph).all.map {
        .init(name: $0.name, precision: choice.plan.layers[$0.name] ?? .float32)
      }
      try TextFile.write(table.text, to: path)
    }
    return choice
  }

  private func measure(
    _ choice: inout Choice, _ trial: PrecisionTrial
  ) throws(CalibrationError) {
    if request.measuresSensitivity || request.targetPSNR != nil {
      choice.sensitivity = try trial.sensitivity(choice.plan) { progress("sensitivity of \($0)") }
    }
    progress("whole network")
    guard let target = request.targetPSNR else {
      choice.psnr = try trial.psnr(choice.plan)
      return
    }
    var search = try PrecisionSearch(trial, choice.plan, sensitivity: choice.sensitivity)
    try search.reach(target) { progress("more bits for \($0)") }
    choice.plan = search.plan
    choice.psnr = search.psnr
    choice.promotions = search.promotions
  }

  private func plan(
    _ graph: Graph, _ table: CalibrationTable?
  ) throws(PartialConvError) -> NarrowingPlan {
    try reporting { () throws(CalibrationError) in
      try NarrowingPlan.chosen(
        for: graph, requested: request.precision, storedWeights: request.storedWeights,
        keeping: request.keeping, table: table)
    }
  }

  /// Errors are measured in samples of 0...1 where the output is a picture.
  private static func scale(
    _ processing: PictureProcessing?, _ graph: VerifiedGraph
  ) -> HoleError.Scale {
    let output = graph.type(of: graph.graph.outputs[0].value)
    guard let processing, output.rank == 4 else { return .largestMagnitude }
    return .picture(
      factors: processing.outputIsNormalised ? processing.deviation : [1, 1, 1])
  }

  private func readTable(
    _ path: String, _ graph: Graph
  ) throws(PartialConvError) -> CalibrationTable {
    let text = try TextFile.read(path, of: "calibration table")
    return try reporting { () throws(CalibrationError) in
      let table = try CalibrationTable(parsing: text, file: path)
      try table.check(against: graph, file: path)
      return table
    }
  }
}

extension PrecisionReport {
  fileprivate init(
    _ request: PrecisionRequest, _ choice: ModelNarrowing.Choice, before: VerifiedGraph,
    after: VerifiedGraph
  ) {
    let size = before.nearestSize(to: 512)
    requested = request.precision
    let reasons = Dictionary(choice.plan.kept.map { ($0.layer, $0.reason) }) { first, _ in first }
    let alone = Dictionary(choice.sensitivity.map { ($0.layer, $0.psnr) }) { first, _ in first }
    let counts = before.multiplyCounts(height: size.height, width: size.width)
    let bytes = after.weightBytes
    layers = NarrowLayers(before.graph).all.map { layer in
      Layer(
        name: layer.name, precision: choice.plan.layers[layer.name] ?? .float32,
        reason: reasons[layer.name], multiplies: counts[layer.result] ?? 0,
        bytes: bytes[layer.name] ?? 0, psnr: alone[layer.name])
    }
    psnr = choice.psnr
    target = request.targetPSNR
    promotions = choice.promotions.map {
      Promotion(layer: $0.layer, from: $0.from, to: $0.to, psnr: $0.psnr)
    }
    runs = choice.runs
    bytesBefore = before.graph.constants.reduce(0) { $0 + $1.tensor.byteCount }
    bytesAfter = after.graph.constants.reduce(0) { $0 + $1.tensor.byteCount }
  }
}

extension VerifiedGraph {
  /// Multiplications of every node at a size, by result; none when the network does not take it.
  fileprivate func multiplyCounts(height: Int, width: Int) -> [ValueID: Int] {
    guard let fixed = try? specialized(toPicturesOf: height, width) else { return [:] }
    return Dictionary(
      fixed.graph.nodes.map { ($0.results[0], fixed.multiplyCount(of: $0)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Bytes of the weights of every layer, by name.
  fileprivate var weightBytes: [String: Int] {
    let names = PictureNames(graph)
    var result: [String: Int] = [:]
    for node in graph.nodes {
      guard let operation = node.operation as? PartialConvolution,
        let name = names[node.results[0]]
      else { continue }
      let weights = graph.constantTensor(operation.arguments(node.inputs).weights)
      result[name] = weights?.byteCount
    }
    return result
  }
}
