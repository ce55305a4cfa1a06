public import TensorCore

extension PartialConvolution {
  /// The scalar meaning.
  ///
  /// With `i8` weights and quantised parts alone, `conv` is `Σ_p s_p · f32(Σ w ⊙ round(m_p ⊙ (q_p − z_p)))`:
  /// exact integer sums of each part, rounded once to `f32`, scaled, and added in order. Otherwise it
  /// is the convolution of the values as `f32`; when weights and pictures are all `bf16`, so is each
  /// product of a picture with its mask.
  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let arguments = arguments(inputs)
    var result = sumsIntegers(arguments) ? integerSums(arguments) : realSums(arguments)
    if let scale = arguments.scale {
      result = Multiply().evaluate([result, scale.reshaped(to: [1, scale.elementCount, 1, 1])])[0]
    }
    if let ratio = arguments.ratio { result = Multiply().evaluate([result, ratio])[0] }
    for bias in arguments.biases {
      var term = bias.vector.reshaped(to: [1, bias.vector.elementCount, 1, 1])
      if let plane = bias.plane { term = Multiply().evaluate([term, plane])[0] }
      result = Add().evaluate([result, term])[0]
    }
    return [storage.store(activation.operation.map { $0.evaluate([result])[0] } ?? result)]
  }

  private func sumsIntegers(_ arguments: Arguments<Tensor>) -> Bool {
    arguments.weights.elementType == .int8 && parts.allSatisfy { $0.quantization != nil }
  }

  private func realSums(_ arguments: Arguments<Tensor>) -> Tensor {
    let isNarrow = (arguments.pictures + [arguments.weights]).allSatisfy {
      $0.elementType == .bfloat16
    }
    let joined = parts.indices.map { index in
      var picture = differences(of: index, arguments)
      if let quantization = parts[index].quantization {
        picture = Multiply().evaluate([picture, factor(quantization.scale)])[0]
      }
      if let mask = arguments.masks[index] {
        picture = Multiply().evaluate([picture, mask])[0]
        if isNarrow { picture = picture.convertedToBFloat16().convertedToFloat32() }
      }
      return upsampled(picture, of: index)
    }
    return convolution.evaluate([
      Concat().evaluate(joined)[0], arguments.weights.convertedToFloat32(),
    ])[0]
  }

  private func integerSums(_ arguments: Arguments<Tensor>) -> Tensor {
    let weights = arguments.weights.convertedToFloat32()
    var (total, first): (Tensor?, Int) = (nil, 0)
    for (index, part) in parts.enumerated() {
      var picture = differences(of: index, arguments)
      if let mask = arguments.masks[index] {
        picture = Multiply().evaluate([picture, mask])[0]
        picture = Tensor(
          picture.floatArray.map { $0.rounded(.toNearestOrEven) }, shape: picture.shape)
      }
      let kernel = weights.channels(first..<first + picture.shape[1])
      first += picture.shape[1]
      let sums = convolution.evaluate([upsampled(picture, of: index), kernel])[0]
      let scaled = Multiply().evaluate([sums, factor(part.quantization?.scale ?? 1)])[0]
      total = total.map { Add().evaluate([$0, scaled])[0] } ?? scaled
    }
    guard let total else { preconditionFailure("partial_conv has no part") }
    return total
  }

  /// A part as `f32`, less its zero point when it is quantised.
  private func differences(of index: Int, _ arguments: Arguments<Tensor>) -> Tensor {
    let picture = arguments.pictures[index].convertedToFloat32()
    guard let quantization = parts[index].quantization else { return picture }
    return Subtract().evaluate([picture, factor(Float(quantization.zeroPoint))])[0]
  }

  private func factor(_ value: Float) -> Tensor { Tensor([value], shape: [1, 1, 1, 1]) }

  private func upsampled(_ picture: Tensor, of index: Int) -> Tensor {
    let factor = parts[index].upsampling
    return factor == 1
      ? picture : UpsampleNearest(factor: [factor, factor]).evaluate([picture])[0]
  }
}

extension Tensor {
  /// Some input channels of `f32` weights `[O, C, kh, kw]`.
  fileprivate func channels(_ range: Range<Int>) -> Tensor {
    let (source, taps) = (floats, shape[2] * shape[3])
    var values: [Float] = []
    for output in 0..<shape[0] {
      let first = (output * shape[1] + range.lowerBound) * taps
      for place in first..<first + range.count * taps { values.append(source[place]) }
    }
    return Tensor(values, shape: [shape[0], range.count, shape[2], shape[3]])
  }
}
