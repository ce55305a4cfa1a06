import CKernels

/// The parts of batch normalisation over `[pixels, channels]`.
package enum NormalizationKernel {
  /// Sums over pixels of each channel, as `[channels]` f64.
  package static func sums(_ x: MemoryRegion, channels: Int, into sums: MemoryRegion) {
    let pixels = x.floatCount / channels
    unsafe pc_f32_channel_sums(
      x.pointer(floats: pixels * channels), pixels, channels, doubles(sums, channels))
  }

  /// Sums over pixels of the squared distance to `mean`, as `[channels]` f64.
  package static func squares(
    _ x: MemoryRegion, channels: Int, mean: MemoryRegion, into sums: MemoryRegion
  ) {
    let pixels = x.floatCount / channels
    unsafe pc_f32_channel_squares(
      x.pointer(floats: pixels * channels), pixels, channels, doubles(mean, channels),
      doubles(sums, channels))
  }

  /// Adds up `count` vectors of `[channels]` f64 in order and divides by `divisor`.
  package static func mean(
    of parts: MemoryRegion, count: Int, channels: Int, divisor: Double, into mean: MemoryRegion
  ) {
    let (from, to) = unsafe (doubles(parts, count * channels), doubles(mean, channels))
    for channel in 0..<channels {
      var sum = 0.0
      for part in 0..<count { sum += unsafe from[part * channels + channel] }
      unsafe to[channel] = sum / divisor
    }
  }

  /// Rounds `[channels]` f64 to f32.
  package static func round(_ x: MemoryRegion, channels: Int, into y: MemoryRegion) {
    let (from, to) = unsafe (doubles(x, channels), y.pointer(floats: channels))
    for channel in 0..<channels { unsafe to[channel] = Float(from[channel]) }
  }

  /// `gamma / sqrt(variance + epsilon)`.
  package static func scale(
    gamma: MemoryRegion, variance: MemoryRegion, epsilon: Float, channels: Int,
    into scale: MemoryRegion
  ) {
    unsafe pc_f32_normalization_scale(
      gamma.pointer(floats: channels), variance.pointer(floats: channels), epsilon,
      scale.pointer(floats: channels), channels)
  }

  /// `(x - mean) · scale + shift`, in place or into another region.
  package static func apply(
    _ x: MemoryRegion, mean: MemoryRegion, scale: MemoryRegion, shift: MemoryRegion,
    channels: Int, into y: MemoryRegion
  ) {
    let pixels = y.floatCount / channels
    unsafe pc_f32_normalize(
      x.pointer(floats: pixels * channels), y.pointer(floats: pixels * channels), pixels, channels,
      mean.pointer(floats: channels), scale.pointer(floats: channels),
      shift.pointer(floats: channels))
  }

  @unsafe
  private static func doubles(_ region: MemoryRegion, _ count: Int) -> UnsafeMutablePointer<Double>
  {
    precondition(count * 8 <= region.byteCount, "\(count) sums exceed their region")
    return unsafe region.base.assumingMemoryBound(to: Double.self)
  }
}
