public import GraphIR

/// Which layers of a graph compute with fewer bits, and the numbers that this needs.
///
/// Layers and pictures go by their names in `NarrowLayers` and `PictureNames`.
public struct NarrowingPlan: Sendable {
  /// What was asked for, for layers of which nothing else was said.
  public var requested: Precision
  /// The precision of layers that do not compute in `f32`.
  public var layers: [String: Precision]
  /// How the weights of the other layers are stored.
  public var storedWeights: Precision
  /// Layers whose weights stay `f32` whatever `storedWeights` says.
  public var wideWeights: Set<String>
  /// What the 8 bits of each picture mean that an `int8` layer reads.
  public var quantizations: [String: Quantization]
  /// What is added to the bias of each `int8` layer, by output channel.
  public var corrections: [String: [Float]]
  public var weightScaling: WeightScaling
  /// Layers that stay `f32` although narrowing was asked for, and why; for reports.
  public var kept: [(layer: String, reason: String)]

  public init(
    requested: Precision = .float32, layers: [String: Precision] = [:],
    storedWeights: Precision = .float32, wideWeights: Set<String> = [],
    quantizations: [String: Quantization] = [:], corrections: [String: [Float]] = [:],
    weightScaling: WeightScaling = .mse,
    kept: [(layer: String, reason: String)] = []
  ) {
    self.requested = requested
    self.layers = layers
    self.storedWeights = storedWeights
    self.wideWeights = wideWeights
    self.quantizations = quantizations
    self.corrections = corrections
    self.weightScaling = weightScaling
    self.kept = kept
  }

  /// How a layer's weights are stored when only that is asked for; nil for a layer that computes
  /// with fewer bits.
  func weights(of layer: String) -> Precision? {
    guard (layers[layer] ?? .float32) == .float32 else { return nil }
    return wideWeights.contains(layer) ? .float32 : storedWeights
  }
}

extension PassPipeline {
  /// The passes that make every convolution of pictures a `partial_conv`, before any is narrowed.
  public static let narrowingPreparation = PassPipeline([
    unifyConvolutions,
    foldBatchNorm,
    fuseActivation,
  ])

  /// The passes that narrow a graph after `narrowingPreparation`, as `plan` says.
  public static func narrowing(_ plan: NarrowingPlan) -> PassPipeline {
    let precisions = Set(plan.layers.values).union([plan.requested])
    var passes: [GraphPass] = []
    if precisions.contains(.int8) { passes.append(narrowToInt8(plan)) }
    if precisions.contains(.bfloat16) { passes.append(narrowToBFloat16(plan)) }
    if plan.storedWeights != .float32 { passes.append(narrowWeights(plan)) }
    if precisions != [.float32] { passes.append(fuseNarrow) }
    return PassPipeline(passes)
  }
}
