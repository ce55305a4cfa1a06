public import TensorCore

extension Picture {
  /// The colours as `f32 [1, height, width, 3]`, each `sample / maximumSample`, in 0...1.
  ///
  /// Correctly rounded. Grey is repeated three times; alpha is left out (`composite` keeps it).
  public func tensor() -> Tensor {
    let scale = Float(maximumSample)
    let step = colorChannels == 3 ? 1 : 0
    var values = [Float]()
    values.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: samples.count, by: channels) {
      for channel in 0..<3 { values.append(Float(samples[start + channel * step]) / scale) }
    }
    return Tensor(values, shape: [1, height, width, 3])
  }

  /// The sample that stands for a number: `value * maximumSample`, clamped to 0...1 first and
  /// rounded to nearest, ties up; the inverse of `tensor()` for colours.
  ///
  /// - Parameter value: no NaN.
  @inlinable
  public static func sample(of value: Float, maximumSample: Int) -> UInt16 {
    UInt16(Double(min(max(value, 0), 1)) * Double(maximumSample) + 0.5)
  }
}
