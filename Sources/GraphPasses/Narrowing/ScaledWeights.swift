public import TensorCore

/// How the scale of 8-bit weights is chosen, for each output channel.
public enum WeightScaling: String, CaseIterable, Sendable {
  /// The largest magnitude becomes 127.
  case minmax
  /// The scale with the least squared error; some weights may be cut off.
  case mse
}

/// Weights as 8-bit integers, symmetric around 0: `w[o] ≈ scales[o] · q[o]`, q in -127...127.
public struct ScaledWeights: Sendable {
  /// `i8`, of the shape of the weights.
  public let weights: Tensor
  /// One for each output channel, above 0.
  public let scales: [Float]

  private static let largest: Float = 127
  /// Weights of a channel of which the error is taken, evenly spread.
  private static let sampleCount = 1024
  /// Shares of the largest magnitude that are tried.
  private static let shares: [Float] = (0..<24).map { 1 - Float($0) / 48 }

  /// - Parameter weights: finite `f32 [O, …]`.
  public init(_ weights: Tensor, _ scaling: WeightScaling) {
    let values = weights.floatArray
    let count = weights.shape[0] == 0 ? 0 : values.count / weights.shape[0]
    var scales: [Float] = []
    var bytes: [Int8] = []
    bytes.reserveCapacity(values.count)
    for channel in 0..<weights.shape[0] {
      let filter = values[channel * count..<(channel + 1) * count]
      let scale = Self.scale(filter, scaling)
      scales.append(scale)
      for value in filter { bytes.append(Int8(Self.rounded(value, scale))) }
    }
    self.scales = scales
    self.weights = unsafe Tensor(elementType: .int8, shape: weights.shape) { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  /// The weights that the integers stand for, as `f32`.
  public var values: Tensor {
    let integers = weights.convertedToFloat32().floatArray
    let count = max(integers.count / max(scales.count, 1), 1)
    return Tensor(
      integers.indices.map { integers[$0] * scales[$0 / count] }, shape: weights.shape)
  }

  private static func rounded(_ value: Float, _ scale: Float) -> Float {
    min(max((value / scale).rounded(.toNearestOrEven), -largest), largest)
  }

  private static func scale(_ filter: ArraySlice<Float>, _ scaling: WeightScaling) -> Float {
    let magnitude = filter.reduce(0) { max($0, abs($1)) }
    let full = max(magnitude / largest, .leastNormalMagnitude)
    guard scaling == .mse, magnitude > 0 else { return magnitude > 0 ? full : 1 }
    let step = max(filter.count / sampleCount, 1)
    let sample = stride(from: filter.startIndex, to: filter.endIndex, by: step).map { filter[$0] }
    var (best, least) = (full, Float.infinity)
    for share in shares {
      let scale = max(full * share, .leastNormalMagnitude)
      var error: Float = 0
      for value in sample {
        let difference = value - rounded(value, scale) * scale
        error += difference * difference
      }
      if error < least { (best, least) = (scale, error) }
    }
    return best
  }
}
