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

  /// The picture whose samples are `value * maximumSample`, clamped to 0...1 first and rounded to
  /// nearest, ties up; the inverse of `tensor()` for colour pictures.
  ///
  /// - Parameter tensor: `[1, height, width, channels]`, 1 to 4 channels, of any element type.
  /// - Throws: `unsupported` for another shape, `corrupt` for a NaN.
  public init(tensor: Tensor, bitDepth: Int) throws(ImagingError) {
    let shape = tensor.shape
    guard shape.count == 4, shape[0] == 1, (1...4).contains(shape[3]), shape[1] > 0, shape[2] > 0
    else {
      throw ImagingError(
        .unsupported, "shape \(shape) is not [1, height, width, 1...4]", in: "tensor",
        remedy: "give one picture with its channels last")
    }
    let floats = tensor.convertedToFloat32()
    let values = floats.floats
    let scale = Double((1 << bitDepth) - 1)
    var samples = [UInt16]()
    samples.reserveCapacity(values.count)
    for index in values.indices {
      let value = values[index]
      guard !value.isNaN else {
        throw ImagingError(
          .corrupt, "element \(index) of shape \(shape) is not a number", in: "tensor",
          remedy: "check the model and its input")
      }
      let scaled = Double(min(max(value, 0), 1)) * scale
      samples.append(UInt16(scaled.rounded(.toNearestOrAwayFromZero)))
    }
    self.init(
      width: shape[2], height: shape[1], channels: shape[3], bitDepth: bitDepth, samples: samples)
  }
}
