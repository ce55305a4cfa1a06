import GraphIR

/// The arithmetic of one published partial-convolution layer, as the columns of a table.
///
/// With k·k the kernel area, C its input channels, y = conv(x·m, w) and s the sum of the mask in
/// the window. The combinations seen in public code, and where, are in `Models/`.
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
    /// There is no ratio: y stays as it is.
    case none
    /// 1: the sum is divided by s itself.
    case one
    /// k·k.
    case window
    /// C·k·k.
    case windowChannels = "window_channels"
  }

  /// What the ratio has below, so that it is finite where s is 0.
  enum Denominator: Hashable, Sendable {
    /// s + ε: `{"epsilon": 1e-8}`.
    case epsilon(Float)
    /// s, or 1 where s is 0: `"zero_as_one"`.
    case zeroAsOne
    /// max(s, 1): `"at_least_one"`.
    case atLeastOne
  }

  enum Bias: String, Decodable, Sendable {
    /// `((y + b) - b) · ratio + b`: the convolution adds it, the layer takes it out and adds it
    /// again.
    case around
    /// `y · ratio + b`.
    case after
  }

  /// What the output is where the window sees no valid pixel.
  enum Holes: String, Decodable, Sendable {
    /// The output of a layer with bias is multiplied by the updated mask.
    case multiplied
    /// The output of a layer with bias is multiplied by the ratio a second time.
    case renormalised
    /// The output is set to 0 where s is 0.
    case zeroed
    /// The output stays as the bias leaves it.
    case kept
  }

  enum UpdatedMask: String, Decodable, Sendable {
    /// clip(s, 0, 1), which lets fractions through.
    case clipped
    /// One channel: the product of clip(s, 0, 1) over all output channels.
    case clippedProduct = "clipped_product"
    /// 1 where s is not 0.
    case nonzero
  }

  /// The border of layers whose step does not say.
  enum Padding: String, Decodable, Sendable {
    /// `(k - 1) / 2` cells on each side.
    case same
    /// TensorFlow's SAME: the odd cell below and to the right.
    case tensorFlowSame = "tensorflow_same"
  }

  var mask: MaskSum
  /// Whether x·m is divided by the mean of m over the rows and columns of each channel first.
  var dividesByMaskMean: Bool
  var numerator: Numerator
  var denominator: Denominator
  /// Whether the ratio is multiplied by clip(s, 0, 1), so that it is 0 in holes.
  var clipsRatio: Bool
  var bias: Bias
  var holes: Holes
  var updatedMask: UpdatedMask
  var padding: Padding

  enum CodingKeys: String, CodingKey, CaseIterable {
    case mask, numerator, denominator, bias, holes, padding
    case dividesByMaskMean = "divides_by_mask_mean"
    case clipsRatio = "clips_ratio"
    case updatedMask = "updated_mask"
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKnownKeys(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mask = try container.decode(MaskSum.self, forKey: .mask)
    dividesByMaskMean =
      try container.decodeIfPresent(Bool.self, forKey: .dividesByMaskMean) ?? false
    numerator = try container.decode(Numerator.self, forKey: .numerator)
    denominator =
      numerator == .none
      ? .zeroAsOne : try container.decode(Denominator.self, forKey: .denominator)
    clipsRatio = try container.decodeIfPresent(Bool.self, forKey: .clipsRatio) ?? false
    bias = try container.decode(Bias.self, forKey: .bias)
    holes = try container.decode(Holes.self, forKey: .holes)
    updatedMask = try container.decode(UpdatedMask.self, forKey: .updatedMask)
    padding = try container.decodeIfPresent(Padding.self, forKey: .padding) ?? .same
  }
}

extension PartialConvolutionDialect.Denominator: Decodable {
  private struct Sum: Decodable {
    var epsilon: Float
  }

  init(from decoder: any Decoder) throws {
    if let sum = try? Sum(from: decoder) {
      self = .epsilon(sum.epsilon)
      return
    }
    switch try? decoder.singleValueContainer().decode(String.self) {
    case "zero_as_one": self = .zeroAsOne
    case "at_least_one": self = .atLeastOne
    default:
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "a denominator is {\"epsilon\": number}, \"zero_as_one\" or "
            + "\"at_least_one\""))
    }
  }
}

/// The dialects that one network uses: one, or several by name with a template that chooses.
///
/// Written as the dialect itself, or as `{"choose": "{maths}", "2019": {…}, "2018": {…}}`; a step
/// may name another one.
struct DialectTable: Decodable, Sendable {
  private var choice: String
  private var dialects: [String: PartialConvolutionDialect]

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    let chooser = Name(stringValue: "choose")
    guard container.contains(chooser) else {
      choice = "only"
      dialects = ["only": try PartialConvolutionDialect(from: decoder)]
      return
    }
    choice = try container.decode(String.self, forKey: chooser)
    dialects = [:]
    for name in container.allKeys where name.stringValue != chooser.stringValue {
      dialects[name.stringValue] = try container.decode(
        PartialConvolutionDialect.self, forKey: name)
    }
  }

  /// The dialect called `name` (a template; the table's own choice when nil).
  ///
  /// - Throws: `ImportError.badDescription` listing the names there are.
  func dialect(_ name: String?, _ scope: Scope) throws(ImportError) -> PartialConvolutionDialect {
    let name = try scope.expand(name ?? choice)
    guard let dialect = dialects[name] else {
      throw ImportError(
        .badDescription,
        "no partial convolution is called '\(name)', only "
          + dialects.keys.sorted().joined(separator: ", "))
    }
    return dialect
  }
}

/// A picture and, where the network has one, its mask.
struct Features {
  var image: ValueID
  var mask: ValueID?
}
