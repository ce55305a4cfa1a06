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
  /// Joins `current` and saved pictures, masks in the same order.
  case concat([String])
  /// Adds a saved picture to the current one.
  case add(String)
  case pool(mode: String, kernel: Expression, stride: Expression, padding: Expression)
  case flatten
  case dense(layer: String)
  /// Keeps the current picture and mask under a name.
  case save(String)
  /// Makes a saved picture and mask current.
  case use(String)
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
    /// `same`, `global`, `none`, or a template of one of them.
    var padding: String
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case convolution, activation, slope, upsample, concat, add, pool, kernel, stride, padding
    case dilation, flatten, dense, save, use, set, value, from, to, down, when, epsilon, optional
    case partialConvolution = "partial_convolution"
    case batchNorm = "batch_norm"
    case upsampleTo = "upsample_to"
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
        padding: try fields.decodeIfPresent(String.self, forKey: .padding) ?? "same")
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
      (.concat, { .concat(try fields.decode([String].self, forKey: .concat)) }),
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

extension Decoder {
  /// - Throws: `DecodingError` naming a key that `Keys` does not have, so that typing errors show.
  func requireKnownKeys<Keys: CodingKey & CaseIterable>(_: Keys.Type) throws {
    let known = Set(Keys.allCases.map(\.stringValue))
    let container = try container(keyedBy: AnyKey.self)
    guard let unknown = container.allKeys.first(where: { !known.contains($0.stringValue) }) else {
      return
    }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath,
        debugDescription: "'\(unknown.stringValue)' is not known here; "
          + "known are \(known.sorted().joined(separator: ", "))"))
  }
}

private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
