package import GraphIR
package import GraphPasses
package import TensorCore

/// Learns from runs of an `f32` graph over pictures what 8 bits have to mean.
package struct Calibrator {
  /// How the numbers are chosen.
  package struct Settings: Sendable {
    package var method: RangeMethod
    package var weightScaling: WeightScaling
    package var correctsBias: Bool

    package init(
      method: RangeMethod = .mse, weightScaling: WeightScaling = .mse, correctsBias: Bool = true
    ) {
      self.method = method
      self.weightScaling = weightScaling
      self.correctsBias = correctsBias
    }
  }

  /// What was learnt.
  package struct Result: Sendable {
    /// The range of each picture that a layer reads, in the order in which they are made.
    package let ranges: [(picture: String, range: ValueRange)]
    /// What is added to the bias of each layer, by output channel.
    package let corrections: [(layer: String, values: [Float])]
  }

  private let graph: VerifiedGraph
  private let settings: Settings
  private let threads: Int?

  /// - Parameter graph: after `PassPipeline.narrowingPreparation`.
  package init(_ graph: VerifiedGraph, _ settings: Settings, threads: Int? = nil) {
    self.graph = graph
    self.settings = settings
    self.threads = threads
  }

  /// Runs all samples once for the ranges and, for bias correction, once more.
  ///
  /// - Parameters:
  ///   - samples: the network's inputs by name, one set for each picture.
  ///   - progress: called before each run.
  /// - Throws: `.mismatch` when the network does not take a sample.
  package func run(
    _ samples: [[String: Tensor]], progress: (String) -> Void = { _ in }
  ) throws(CalibrationError) -> Result {
    let probe = try LayerProbe(graph, threads: threads)
    let names = PictureNames(graph.graph)
    var statistics = PictureStatistics(probe.layers)
    for sample in samples {
      progress("ranges")
      statistics.add(try probe.run(sample))
    }
    let ranges = statistics.histograms.mapValues(settings.method.range)
    var shifts: [BiasShift] = []
    if settings.correctsBias {
      shifts = probe.layers.compactMap { shift($0, ranges) }
      for sample in samples {
        progress("bias correction")
        let values = try probe.run(sample)
        for index in shifts.indices { try shifts[index].add(values, threads: threads) }
      }
    }
    return Result(
      ranges: ranges.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { value, range in
        names[value].map { ($0, range) }
      },
      corrections: zip(probe.layers, shifts).map { ($0.name, $1.correction) })
  }

  private func shift(_ layer: LayerProbe.Layer, _ ranges: [ValueID: ValueRange]) -> BiasShift? {
    let quantizations = layer.arguments.pictures.compactMap { ranges[$0]?.quantization }
    guard let weights = graph.graph.constantTensor(layer.arguments.weights) else { return nil }
    return BiasShift(
      layer, weights: weights.convertedToFloat32(),
      scale: layer.arguments.scale.flatMap(graph.graph.constantTensor), quantizations,
      settings.weightScaling)
  }
}
