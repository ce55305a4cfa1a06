package import GraphPasses

/// Gives the most sensitive layers more bits until the whole network is close enough to `f32`.
package struct PrecisionSearch {
  /// One layer that was given more bits.
  package struct Promotion: Hashable, Sendable {
    package let layer: String
    package let from: Precision
    package let to: Precision
    /// Of the whole network afterwards, in dB.
    package let psnr: Double
  }

  package private(set) var plan: NarrowingPlan
  /// Of the network as it is narrowed by `plan`, in dB.
  package private(set) var psnr: Double
  package private(set) var promotions: [Promotion] = []
  private let trial: PrecisionTrial
  /// How each narrowed layer does alone at its present precision.
  private var alone: [String: Double]

  /// - Parameter sensitivity: of the layers of `plan`, as `PrecisionTrial.sensitivity` gives it.
  package init(
    _ trial: PrecisionTrial, _ plan: NarrowingPlan, sensitivity: [PrecisionTrial.LayerResult]
  ) throws(CalibrationError) {
    self.trial = trial
    self.plan = plan
    alone = Dictionary(sensitivity.map { ($0.layer, $0.psnr) }) { first, _ in first }
    psnr = try trial.psnr(plan)
  }

  /// Promotes the layer that does worst alone, int8 to bf16 and bf16 to f32, while the network is
  /// below `target` dB and a narrow layer is left.
  package mutating func reach(
    _ target: Double, progress: (String) -> Void = { _ in }
  ) throws(CalibrationError) {
    while psnr < target, let layer = worstLayer, let from = plan.layers[layer],
      let wider = from.wider
    {
      progress(layer)
      plan.layers[layer] = wider == .float32 ? nil : wider
      if wider == .float32 {
        plan.kept.append((layer, "it was promoted to hold \(target) dB"))
      } else {
        alone[layer] = try trial.alone(layer, wider, plan).psnr
      }
      psnr = try trial.psnr(plan)
      promotions.append(Promotion(layer: layer, from: from, to: wider, psnr: psnr))
    }
  }

  private var worstLayer: String? {
    plan.layers.keys.min { first, second in
      (alone[first] ?? .infinity, first) < (alone[second] ?? .infinity, second)
    }
  }
}
