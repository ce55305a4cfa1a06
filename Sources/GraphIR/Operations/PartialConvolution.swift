public import TensorCore

/// A masked, renormalised convolution with everything that follows it pixel by pixel.
///
/// `y = act(conv(concat_p(up_p(x_p ⊙ m_p)), w) ⊙ scale ⊙ ratio + Σ_j b_j ⊙ plane_j)`, where each
/// `m_p`, `ratio` and `plane_j` is one plane `[N, 1, H, W]` for all channels (`[1, 1, H, W]` when it is
/// the same for the whole batch), and `scale`, `b_j: [O]`. How the planes come from the mask is ordinary
/// arithmetic outside this operation, so every published dialect has this form, and `0/0` cannot
/// arise here.
///
/// Inputs in order: for each part `x`, then its mask when it has one; `w: [O, ΣC, kh, kw]`; the
/// scale and the ratio when there are such; for each bias its vector, then its plane when it has one.
/// - Source: Liu et al. 2018, equations 1 and 2.
public struct PartialConvolution: Operation {
  /// One of the pictures whose channels the kernel sees joined.
  public struct Part: Hashable, Sendable {
    public var isMasked: Bool
    /// Repetitions of each row and column before the window sees them.
    public var upsampling: Int

    public init(isMasked: Bool, upsampling: Int = 1) {
      self.isMasked = isMasked
      self.upsampling = upsampling
    }
  }

  public static let mnemonic = "partial_conv"
  public var parts: [Part]
  public var convolution: Convolution
  /// Whether a vector scales the sums, as a batch norm folded into the layer does.
  public var hasScale: Bool
  public var hasRatio: Bool
  /// For each bias vector, whether a plane scales it.
  public var biasPlanes: [Bool]
  public var activation: Activation

  public init(
    parts: [Part], convolution: Convolution, hasScale: Bool = false, hasRatio: Bool = false,
    biasPlanes: [Bool] = [], activation: Activation = .none
  ) {
    self.parts = parts
    self.convolution = convolution
    self.hasScale = hasScale
    self.hasRatio = hasRatio
    self.biasPlanes = biasPlanes
    self.activation = activation
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    activation = try Activation(
      named: attributes.string("activation"), slope: attributes.float("slope"))
    biasPlanes = try attributes.integers("bias_planes", in: 0...1).map { $0 == 1 }
    hasRatio = try attributes.flag("ratio")
    hasScale = try attributes.flag("scale")
    let masked = try attributes.integers("masked", in: 0...1)
    let upsampling = try attributes.integers("upsampling", count: masked.count, in: 1...64)
    parts = zip(masked, upsampling).map { Part(isMasked: $0 == 1, upsampling: $1) }
    convolution = try Convolution(reading: &attributes)
  }

  public var attributes: Attributes {
    convolution.attributes.merging([
      "activation": .string(activation.name), "slope": .float(activation.slope),
      "bias_planes": .integers(biasPlanes.map { $0 ? 1 : 0 }),
      "masked": .integers(parts.map { $0.isMasked ? 1 : 0 }),
      "ratio": .integer(hasRatio ? 1 : 0), "scale": .integer(hasScale ? 1 : 0),
      "upsampling": .integers(parts.map(\.upsampling)),
    ]) { first, _ in first }
  }
  public var exactness: Exactness { .reassociates }

  /// The inputs by role.
  public struct Arguments<Value> {
    public var pictures: [Value]
    public var masks: [Value?]
    public var weights: Value
    public var scale: Value?
    public var ratio: Value?
    public var biases: [(vector: Value, plane: Value?)]

    public init(
      pictures: [Value], masks: [Value?], weights: Value, scale: Value? = nil,
      ratio: Value? = nil, biases: [(vector: Value, plane: Value?)] = []
    ) {
      self.pictures = pictures
      self.masks = masks
      self.weights = weights
      self.scale = scale
      self.ratio = ratio
      self.biases = biases
    }
  }

  /// The inputs in the order in which a node lists them.
  public static func inputs<Value>(_ arguments: Arguments<Value>) -> [Value] {
    var inputs: [Value] = []
    for (picture, mask) in zip(arguments.pictures, arguments.masks) {
      inputs.append(picture)
      if let mask { inputs.append(mask) }
    }
    inputs.append(arguments.weights)
    inputs += [arguments.scale, arguments.ratio].compactMap(\.self)
    for bias in arguments.biases {
      inputs.append(bias.vector)
      if let plane = bias.plane { inputs.append(plane) }
    }
    return inputs
  }

  /// Number of inputs that the attributes ask for.
  public var inputCount: Int {
    parts.reduce(0) { $0 + ($1.isMasked ? 2 : 1) } + 1 + (hasScale ? 1 : 0)
      + (hasRatio ? 1 : 0) + biasPlanes.reduce(0) { $0 + ($1 ? 2 : 1) }
  }

  /// Sorts `inputs`, of which there are `inputCount`, by role.
  public func arguments<Value>(_ inputs: [Value]) -> Arguments<Value> {
    precondition(inputs.count == inputCount, "partial_conv has another number of inputs")
    var rest = inputs[...]
    var pictures: [Value] = []
    var masks: [Value?] = []
    for part in parts {
      pictures.append(rest.removeFirst())
      masks.append(part.isMasked ? rest.removeFirst() : nil)
    }
    var arguments = Arguments(pictures: pictures, masks: masks, weights: rest.removeFirst())
    arguments.scale = hasScale ? rest.removeFirst() : nil
    arguments.ratio = hasRatio ? rest.removeFirst() : nil
    for hasPlane in biasPlanes {
      arguments.biases.append((rest.removeFirst(), hasPlane ? rest.removeFirst() : nil))
    }
    return arguments
  }
}

extension PartialConvolution {
  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, inputCount...inputCount)
    let arguments = arguments(inputs)
    var joined: [ValueType] = []
    for (index, part) in parts.enumerated() {
      let picture = arguments.pictures[index]
      try requireImage(picture)
      if let mask = arguments.masks[index] { try requirePlane(mask, of: picture) }
      joined += try UpsampleNearest(factor: [part.upsampling, part.upsampling])
        .resultTypes([picture])
    }
    let results = try convolution.resultTypes(
      Concat().resultTypes(joined) + [arguments.weights])
    if let scale = arguments.scale {
      try requireVector(scale, count: channelCount(results[0]), "scale")
    }
    if let ratio = arguments.ratio { try requirePlane(ratio, of: results[0]) }
    for bias in arguments.biases {
      try requireVector(bias.vector, count: channelCount(results[0]), "bias")
      if let plane = bias.plane { try requirePlane(plane, of: results[0]) }
    }
    return results
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

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let arguments = arguments(inputs)
    let joined = parts.indices.map { index in
      let picture = arguments.pictures[index]
      let masked =
        arguments.masks[index].map { Multiply().evaluate([picture, $0])[0] } ?? picture
      let factor = parts[index].upsampling
      return factor == 1
        ? masked : UpsampleNearest(factor: [factor, factor]).evaluate([masked])[0]
    }
    var result = convolution.evaluate([Concat().evaluate(joined)[0], arguments.weights])[0]
    if let scale = arguments.scale {
      result = Multiply().evaluate([result, scale.reshaped(to: [1, scale.elementCount, 1, 1])])[0]
    }
    if let ratio = arguments.ratio { result = Multiply().evaluate([result, ratio])[0] }
    for bias in arguments.biases {
      var term = bias.vector.reshaped(to: [1, bias.vector.elementCount, 1, 1])
      if let plane = bias.plane { term = Multiply().evaluate([term, plane])[0] }
      result = Add().evaluate([result, term])[0]
    }
    return activation.operation.map { $0.evaluate([result]) } ?? [result]
  }
}
