/// One step of a network description. The current picture, with its mask, flows from step to step.
indirect enum NetworkStep: Decodable, Sendable {
  /// A partial convolution with the description's dialect.
  case partialConvolution(ConvolutionStep)
  case convolution(ConvolutionStep)
  case batchNorm(layer: String, epsilon: Float, isOptional: Bool)
  case activation(name: String, slope: Float)
  /// Repeats rows and columns of picture and mask.
  case upsample(factor: Expression)
  /// Repeats rows and columns to the size of a saved picture.
  case upsampleTo(String)
  /// Joins `current` and saved pictures, masks in the same order; masks of one channel are first
  /// repeated over the channels of their picture when `repeatsMasks`.
  case concat([String], repeatsMasks: Bool)
  /// Puts zeros around picture and mask up to the size of a saved picture, the odd row and column
  /// below and to the right.
  case padTo(String)
  /// Keeps each output channel within the limits of two options.
  case bounds(minimum: String, maximum: String)
  /// Adds a saved picture to the current one.
  case add(String)
  case pool(mode: String, kernel: Expression, stride: Expression, padding: Expression)
  case flatten
  case dense(layer: String)
  /// Keeps the current picture and mask under a name.
  case save(String)
  /// Makes a saved picture and mask current.
  case use(String)
  /// Makes two saved parts the current picture and mask, each `NAME.image` or `NAME.mask`.
  case pair(image: String, mask: String)
  /// Gives a number a name.
  case set(String, Expression)
  /// Runs steps with `variable` going from `from` to `to`, up or down.
  case loop(variable: String, from: Expression, to: Expression, isDown: Bool, steps: [NetworkStep])
  /// Runs steps where a condition holds.
  case when(condition: String, steps: [NetworkStep])

  struct ConvolutionStep: Sendable {
    var layer: String
    var stride: Expression
    var dilation: Expression
    /// `same`, `tensorflow_same`, `global`, `none`, or a template of one of them; the dialect's
    /// when nil.
    var padding: String?
    /// The name of a dialect other than the usual one.
    var dialect: String?
  }

  private enum MaskJoin: String, Decodable {
    case repeated
  }

  private struct Limits: Decodable {
    var minimum: String
    var maximum: String
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case convolution, activation, slope, upsample, concat, masks, bounds, add, pool, kernel
    case stride, padding
    case dilation, dialect, flatten, dense, save, use, image, mask, set, value, from, to, down, when
    case epsilon, optional
    case partialConvolution = "partial_convolution"
    case batchNorm = "batch_norm"
    case upsampleTo = "upsample_to"
    case padTo = "pad_to"
    case loop = "for"
    case steps = "do"
  }

  init(from decoder: any Decoder) throws {
    try decoder.requireKnownKeys(CodingKeys.self)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String { try fields.decode(String.self, forKey: key) }
    func number(_ key: CodingKeys, _ fallback: Int) throws -> Expression {
      try fields.decodeIfPresent(Expression.self, forKey: key) ?? Expression("\(fallback)")
    }
    func convolutionStep(_ key: CodingKeys) throws -> ConvolutionStep {
      ConvolutionStep(
        layer: try text(key), stride: try number(.stride, 1), dilation: try number(.dilation, 1),
        padding: try fields.decodeIfPresent(String.self, forKey: .padding),
        dialect: try fields.decodeIfPresent(String.self, forKey: .dialect))
    }
    let starters: [(CodingKeys, () throws -> NetworkStep)] = [
      (.partialConvolution, { .partialConvolution(try convolutionStep(.partialConvolution)) }),
      (.convolution, { .convolution(try convolutionStep(.convolution)) }),
      (
        .batchNorm,
        {
          .batchNorm(
            layer: try text(.batchNorm), epsilon: try fields.decode(Float.self, forKey: .epsilon),
            isOptional: try fields.decodeIfPresent(Bool.self, forKey: .optional) ?? false)
        }
      ),
      (
        .activation,
        {
          .activation(
            name: try text(.activation),
            slope: try fields.decodeIfPresent(Float.self, forKey: .slope) ?? 0)
        }
      ),
      (.upsample, { .upsample(factor: try number(.upsample, 2)) }),
      (.upsampleTo, { .upsampleTo(try text(.upsampleTo)) }),
      (.padTo, { .padTo(try text(.padTo)) }),
      (
        .concat,
        {
          .concat(
            try fields.decode([String].self, forKey: .concat),
            repeatsMasks: try fields.decodeIfPresent(MaskJoin.self, forKey: .masks) == .repeated)
        }
      ),
      (
        .bounds,
        {
          let limits = try fields.decode(Limits.self, forKey: .bounds)
          return .bounds(minimum: limits.minimum, maximum: limits.maximum)
        }
      ),
      (.add, { .add(try text(.add)) }),
      (
        .pool,
        {
          .pool(
            mode: try text(.pool), kernel: try number(.kernel, 2), stride: try number(.stride, 1),
            padding: try number(.padding, 0))
        }
      ),
      (.flatten, { .flatten }),
      (.dense, { .dense(layer: try text(.dense)) }),
      (.save, { .save(try text(.save)) }),
      (.use, { .use(try text(.use)) }),
      (.image, { .pair(image: try text(.image), mask: try text(.mask)) }),
      (.set, { .set(try text(.set), try fields.decode(Expression.self, forKey: .value)) }),
      (
        .loop,
        {
          let down = try fields.decodeIfPresent(Expression.self, forKey: .down)
          let end = try down ?? fields.decode(Expression.self, forKey: .to)
          return .loop(
            variable: try text(.loop), from: try number(.from, 1), to: end, isDown: down != nil,
            steps: try fields.decode([NetworkStep].self, forKey: .steps))
        }
      ),
      (
        .when,
        {
          .when(
            condition: try text(.when),
            steps: try fields.decode([NetworkStep].self, forKey: .steps))
        }
      ),
    ]
    guard let starter = starters.first(where: { fields.contains($0.0) }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "this step does nothing known"))
    }
    self = try starter.1()
  }
}
