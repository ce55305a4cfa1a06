import TensorCore

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
///
/// Pictures are `f32`, `bf16` or quantised `u8`, weights `f32`, `bf16` or `i8`. The sums of `i8`
/// weights over quantised pictures alone are integers; all others are those of the values as `f32`.
/// Both kinds: <doc:PartialConvolution/evaluate(_:)>.
/// - Source: Liu et al. 2018, equations 1 and 2.
public struct PartialConvolution: Operation {
  /// One of the pictures whose channels the kernel sees joined.
  public struct Part: Hashable, Sendable {
    public var isMasked: Bool
    /// Repetitions of each row and column before the window sees them.
    public var upsampling: Int
    /// What the numbers of a `u8` picture mean; nil when it is stored otherwise.
    public var quantization: Quantization?

    public init(isMasked: Bool, upsampling: Int = 1, quantization: Quantization? = nil) {
      self.isMasked = isMasked
      self.upsampling = upsampling
      self.quantization = quantization
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
  /// How the result is stored.
  public var storage: PictureStorage

  public init(
    parts: [Part], convolution: Convolution, hasScale: Bool = false, hasRatio: Bool = false,
    biasPlanes: [Bool] = [], activation: Activation = .none, storage: PictureStorage = .float32
  ) {
    self.parts = parts
    self.convolution = convolution
    self.hasScale = hasScale
    self.hasRatio = hasRatio
    self.biasPlanes = biasPlanes
    self.activation = activation
    self.storage = storage
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    activation = try Activation(
      named: attributes.string("activation"), slope: attributes.float("slope"))
    biasPlanes = try attributes.integers("bias_planes", in: 0...1).map { $0 == 1 }
    hasRatio = try attributes.flag("ratio")
    hasScale = try attributes.flag("scale")
    let masked = try attributes.integers("masked", in: 0...1)
    let upsampling = try attributes.integers("upsampling", count: masked.count, in: 1...64)
    let quantizations = try Self.quantizations(&attributes, count: masked.count)
    parts = masked.indices.map { index in
      Part(
        isMasked: masked[index] == 1, upsampling: upsampling[index],
        quantization: quantizations[index])
    }
    storage = try PictureStorage(reading: &attributes)
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
    .merging(quantizationAttributes) { first, _ in first }
    .merging(storage.attributes) { first, _ in first }
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

extension PartialConvolution.Arguments: Sendable where Value: Sendable {}
