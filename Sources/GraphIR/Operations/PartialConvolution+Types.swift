import TensorCore

extension PartialConvolution {
  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, inputCount...inputCount)
    let arguments = arguments(inputs)
    var joined: [ValueType] = []
    for (index, part) in parts.enumerated() {
      let picture = try values(of: part, arguments.pictures[index])
      try requireImage(picture)
      if let mask = arguments.masks[index] { try requirePlane(mask, of: picture) }
      joined += try UpsampleNearest(factor: [part.upsampling, part.upsampling])
        .resultTypes([picture])
    }
    var results = try convolution.resultTypes(
      Concat().resultTypes(joined) + [values(ofWeights: arguments.weights)])
    if let scale = arguments.scale {
      try requireVector(scale, count: channelCount(results[0]), "scale")
    }
    if let ratio = arguments.ratio { try requirePlane(ratio, of: results[0]) }
    for bias in arguments.biases {
      try requireVector(bias.vector, count: channelCount(results[0]), "bias")
      if let plane = bias.plane { try requirePlane(plane, of: results[0]) }
    }
    results[0].elementType = storage.elementType
    return results
  }

  /// The type of a part's values, once they are widened.
  private func values(of part: Part, _ picture: ValueType) throws(GraphError) -> ValueType {
    let isQuantized = part.quantization != nil
    guard
      isQuantized
        ? picture.elementType == .uint8 : [.float32, .bfloat16].contains(picture.elementType)
    else {
      throw GraphError(
        .badType,
        "partial_conv reads f32 and bf16 pictures, and u8 ones with a quantisation, not \(picture)"
          + (isQuantized ? " with one" : " without one"))
    }
    return picture.widened
  }

  private func values(ofWeights weights: ValueType) throws(GraphError) -> ValueType {
    guard [.float32, .bfloat16, .int8].contains(weights.elementType) else {
      throw GraphError(.badType, "partial_conv takes f32, bf16 or i8 weights, not \(weights)")
    }
    return weights.widened
  }

  private func requirePlane(_ plane: ValueType, of picture: ValueType) throws(GraphError) {
    var wanted = picture
    wanted.dimensions[1] = .fixed(1)
    var shared = wanted
    shared.dimensions[0] = .fixed(1)
    guard plane == wanted || plane == shared else {
      throw GraphError(.badShape, "partial_conv needs a plane \(wanted), has \(plane)")
    }
  }
}

extension ValueType {
  fileprivate var widened: ValueType {
    var result = self
    result.elementType = .float32
    return result
  }
}

extension PartialConvolution {
  /// Reads what `quantizationAttributes` writes, for `count` parts.
  static func quantizations(
    _ attributes: inout AttributeReader, count: Int
  ) throws(GraphError) -> [Quantization?] {
    var result = [Quantization?](repeating: nil, count: count)
    guard attributes.has("quantized") else { return result }
    let flags = try attributes.integers("quantized", count: count, in: 0...1)
    let places = flags.indices.filter { flags[$0] == 1 }
    let scales = try attributes.floats("input_scales", count: places.count)
    let zeroPoints = try attributes.integers(
      "input_zero_points", count: places.count, in: 0...255)
    for (index, place) in places.enumerated() {
      result[place] = try Quantization(scale: scales[index], zeroPoint: zeroPoints[index])
    }
    return result
  }

  /// Nothing when no part is quantised.
  var quantizationAttributes: Attributes {
    let quantizations = parts.compactMap(\.quantization)
    guard !quantizations.isEmpty else { return [:] }
    return [
      "quantized": .integers(parts.map { $0.quantization == nil ? 0 : 1 }),
      "input_scales": .floats(quantizations.map(\.scale)),
      "input_zero_points": .integers(quantizations.map(\.zeroPoint)),
    ]
  }
}
