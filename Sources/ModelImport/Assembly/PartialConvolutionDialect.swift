import GraphIR

/// The arithmetic of one published partial-convolution layer, as the columns of a table.
///
/// With k·k the kernel area, C its input channels, y = conv(x·m, w) and s the sum of the mask in the
/// window. The combinations seen in public code, and where, are in `Models/`.
struct PartialConvolutionDialect: Decodable, Hashable, Sendable {
  /// What the mask convolution sees.
  enum MaskSum: String, Decodable, Sendable {
    /// All channels of a given mask: s counts window · channel cells.
    case channels
    /// A given one-channel mask.
    case single
    /// No mask is given: a plane of ones, so that only the border is renormalised.
    case padding
  }

  /// What the ratio has above s.
  enum Numerator: String, Decodable, Sendable {
    /// 1: the sum is divided by s itself.
    case one
    /// k·k.
    case window
    /// C·k·k.
    case windowChannels = "window_channels"
  }

  enum Bias: String, Decodable, Sendable {
    /// `((y + b) - b) · ratio + b`: the convolution adds it, the layer takes it out and adds it again.
    case around
    /// `y · ratio + b`.
    case after
  }

  /// What the output is where the window sees no valid pixel.
  enum Holes: String, Decodable, Sendable {
    /// The output is multiplied by the updated mask.
    case multiplied
    /// The output is set to 0 where s is 0.
    case zeroed
    /// The output stays as the bias leaves it.
    case kept
  }

  enum UpdatedMask: String, Decodable, Sendable {
    /// clip(s, 0, 1), which lets fractions through.
    case clipped
    /// 1 where s is not 0.
    case nonzero
  }

  var mask: MaskSum
  var numerator: Numerator
  /// Added to s in the denominator; nil when s = 0 is replaced by 1 instead.
  var epsilon: Float?
  /// Whether the ratio is multiplied by clip(s, 0, 1), so that it is 0 in holes.
  var clipsRatio: Bool
  var bias: Bias
  var holes: Holes
  var updatedMask: UpdatedMask

  enum CodingKeys: String, CodingKey, CaseIterable {
    case mask, numerator, epsilon, bias, holes
    case clipsRatio = "clips_ratio"
    case updatedMask = "updated_mask"
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKnownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mask = try container.decode(MaskSum.self, forKey: .mask)
    numerator = try container.decode(Numerator.self, forKey: .numerator)
    epsilon = try container.decodeIfPresent(Float.self, forKey: .epsilon)
    clipsRatio = try container.decode(Bool.self, forKey: .clipsRatio)
    bias = try container.decode(Bias.self, forKey: .bias)
    holes = try container.decode(Holes.self, forKey: .holes)
    updatedMask = try container.decode(UpdatedMask.self, forKey: .updatedMask)
  }
}

/// A picture and, where the network has one, its mask.
struct Features {
  var image: ValueID
  var mask: ValueID?
}
