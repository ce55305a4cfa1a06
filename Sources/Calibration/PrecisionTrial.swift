package import GraphIR
package import GraphPasses
import InferenceRuntime
package import TensorCore

/// Compares a graph narrowed by some plan with the graph itself, over samples.
package struct PrecisionTrial {
  /// A layer, the precision it alone was narrowed to, and what that costs, in dB.
  package struct LayerResult: Hashable, Sendable {
    package let layer: String
    package let precision: Precision
    package let psnr: Double
  }

  package let graph: VerifiedGraph
  private let samples: [[String: Tensor]]
  private let expected: [Tensor]
  private let scale: HoleError.Scale
  private let threads: Int?

  /// - Parameters:
  ///   - graph: after `PassPipeline.narrowingPreparation`, in `f32`.
  ///   - samples: the network's inputs by name, one set for each picture.
  /// - Throws: `.notFinite` naming the sample of which the `f32` result is not finite.
  package init(
    _ graph: VerifiedGraph, samples: [[String: Tensor]], scale: HoleError.Scale,
    threads: Int? = nil
  ) throws(CalibrationError) {
    self.graph = graph
    self.samples = samples
    self.scale = scale
    self.threads = threads
    expected = try Self.outputs(graph, samples, threads)
    for (number, output) in expected.enumerated()
    where !output.floatArray.allSatisfy(\.isFinite) {
      throw CalibrationError(
        .notFinite, "the network's own result for picture \(number + 1) is not finite")
    }
  }

  /// The PSNR of the narrowed graph's first output against the `f32` one, in the holes, in dB.
  package func psnr(_ plan: NarrowingPlan) throws(CalibrationError) -> Double {
    let narrow: VerifiedGraph
    do throws(PassError) {
      narrow = try PassPipeline.narrowing(plan).run(graph).graph
    } catch {
      throw CalibrationError(.internalFault, "\(error)")
    }
    var error = HoleError(scale)
    let mask = graph.input(named: "mask")
    for ((actual, wanted), sample) in zip(
      zip(try Self.outputs(narrow, samples, threads), expected), samples)
    {
      error.add(
        actual, wanted,
        mask: mask.flatMap { mask in sample[mask.name]?.channelsFirst(mask.type.layout) })
    }
    return error.psnr
  }

  /// For each narrowed layer of `plan` the PSNR when it alone is narrow, in the plan's order of
  /// layers.
  package func sensitivity(
    _ plan: NarrowingPlan, progress: (String) -> Void = { _ in }
  ) throws(CalibrationError) -> [LayerResult] {
    var results: [LayerResult] = []
    for layer in NarrowLayers(graph.graph).all {
      guard let precision = plan.layers[layer.name] else { continue }
      progress(layer.name)
      results.append(try alone(layer.name, precision, plan))
    }
    return results
  }

  /// The PSNR when one layer alone is narrow.
  func alone(
    _ layer: String, _ precision: Precision, _ plan: NarrowingPlan
  ) throws(CalibrationError) -> LayerResult {
    var single = plan
    single.layers = [layer: precision]
    single.storedWeights = .float32
    return LayerResult(layer: layer, precision: precision, psnr: try psnr(single))
  }

  private static func outputs(
    _ graph: VerifiedGraph, _ samples: [[String: Tensor]], _ threads: Int?
  ) throws(CalibrationError) -> [Tensor] {
    let session = CompiledModel(graph).makeSession(threads: threads)
    let layout = graph.type(of: graph.graph.outputs[0].value).layout
    var outputs: [Tensor] = []
    for sample in samples {
      outputs.append(try session.outputs(of: sample)[0].tensor.channelsFirst(layout))
    }
    return outputs
  }
}
