package import GraphIR
package import KernelLibrary

/// A way of computing a partial convolution.
package enum ConvolutionAlgorithm: Hashable, Sendable, CustomStringConvertible {
  /// An indirect matrix product over every tap.
  case direct
  /// Upsampled parts at their own resolution, the others direct.
  case split
  case transform(ConvolutionTransform)

  package var description: String {
    switch self {
    case .direct: "direct"
    case .split: "split"
    case .transform(let transform): transform.name
    }
  }

  /// The algorithm with the least cost that `tier` allows.
  ///
  /// - Parameters:
  ///   - preferred: the name of a transform to take wherever it applies, whatever it costs; or
  ///     `direct`, for sums without one.
  ///   - weights: shape of the weights, `[O, ΣC, kh, kw]`.
  ///   - channels: of each part.
  ///   - output: shape of the result, `[N, O, H, W]`.
  package static func cheapest(
    for operation: PartialConvolution, weights: [Int], channels: [Int], output: [Int],
    arithmetic: Arithmetic = .float32, tier: NumericTier, preferring preferred: String? = nil
  ) -> ConvolutionAlgorithm {
    let window = operation.convolution.window(kernelShape: weights)
    let cost = ConvolutionCost(output: ValueLayout(picture: output), arithmetic: arithmetic)
    let low = zip(operation.parts, channels).reduce(0) {
      $0 + (UpsamplingSplit.isSplit($1.0) ? $1.1 : 0)
    }
    let isSplit = UpsamplingSplit.applies(
      to: operation, window, channels: channels, arithmetic)
    let plain =
      isSplit
      ? cost.split(low: low, high: weights[1] - low)
      : cost.direct(taps: weights[1] * window.kernel[0] * window.kernel[1])
    var best = (algorithm: isSplit ? ConvolutionAlgorithm.split : .direct, cost: plain)
    guard preferred != Self.direct.description else { return best.algorithm }
    let transforms = operation.transforms(
      window: window, channels: channels, arithmetic: arithmetic, tier: tier)
    for transform in transforms {
      if transform.name == preferred { return .transform(transform) }
      let next = cost.transformed(transform)
      if next < best.cost { best = (.transform(transform), next) }
    }
    return best.algorithm
  }
}
