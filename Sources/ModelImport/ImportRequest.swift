public import GraphIR

/// Where the statistics of batch normalisation come from when the checkpoint leaves it open.
public enum BatchNormChoice: String, CaseIterable, Sendable {
  case moving, batch

  var statistics: BatchNormalization.Statistics { self == .moving ? .moving : .batch }
}

/// What the user asked for beside the checkpoint.
public struct ImportRequest: Sendable {
  /// Name of a published network, or path of a description file; nil to recognise it.
  public var network: String?
  /// Options of the network description, from `--set`.
  public var settings: [String: String]
  public var batchNorm: BatchNormChoice?

  public init(
    network: String? = nil, settings: [String: String] = [:], batchNorm: BatchNormChoice? = nil
  ) {
    self.network = network
    self.settings = settings
    self.batchNorm = batchNorm
  }
}

/// A checkpoint as a graph, with what was found out on the way.
public struct ImportedModel: Sendable {
  public var graph: VerifiedGraph
  /// Name of the network description, or `keras-model` for a model built from its own config.
  public var network: String
  public var title: String
  /// Why this network was chosen, as a sentence.
  public var reason: String
  /// The options in force, those with default values included.
  public var options: [(key: String, value: String)]
  /// What the user should know: choices made, weights that the network does not use.
  public var notes: [String]
  /// How pictures become inputs and outputs pictures; nil for networks that do not take pictures.
  public var processing: PictureProcessing?
  /// Container and framework, such as `PyTorch zip archive`.
  public var sourceFormat: String
  /// Files beside the checkpoint that hold some of its tensors.
  public var externalFiles: [String] = []
  /// Every tensor of the checkpoint in its order, for `--explain`.
  public var tensors: [ImportedTensor] = []
  /// The description that was used, with the options it has; nil for a model built from its config.
  public var description: PublishedNetwork?
}

/// A tensor of a checkpoint, and whether the network uses it.
public struct ImportedTensor: Hashable, Sendable {
  /// Name in the checkpoint, without the parts that depend on a training session.
  public var name: String
  /// Shape in the checkpoint's own order of axes.
  public var shape: [Int]
  public var isUsed: Bool
}

/// How a picture becomes the network's input, and its output a picture.
public struct PictureProcessing: Codable, Hashable, Sendable {
  /// The numbers that `resize` and `crop` may be.
  public static let sides = 1...1 << 16

  /// The length in pixels that the shorter side is brought to first, bilinear; the longer side
  /// follows, rounded down. Only for networks without a mask; nil to leave the size.
  public var resize: Int?
  /// The side in pixels of the square that is then cut out of the middle; nil for all of it.
  public var crop: Int?
  /// Subtracted from, then divided into, each channel of an RGB picture in 0...1.
  public var mean: [Float]
  public var deviation: [Float]
  /// Whether missing pixels are set to 0 (after normalisation) before they are fed.
  public var feedsMaskedPicture: Bool
  /// Whether the output is in the normalised space of the input, and must be taken back.
  public var outputIsNormalised: Bool

  enum CodingKeys: String, CodingKey, CaseIterable {
    case resize, crop, mean, deviation
    case feedsMaskedPicture = "feeds_masked_picture"
    case outputIsNormalised = "output_is_normalised"
  }

  public init(
    resize: Int? = nil, crop: Int? = nil, mean: [Float] = [0, 0, 0],
    deviation: [Float] = [1, 1, 1], feedsMaskedPicture: Bool = false,
    outputIsNormalised: Bool = false
  ) {
    self.resize = resize
    self.crop = crop
    self.mean = mean
    self.deviation = deviation
    self.feedsMaskedPicture = feedsMaskedPicture
    self.outputIsNormalised = outputIsNormalised
  }
}
