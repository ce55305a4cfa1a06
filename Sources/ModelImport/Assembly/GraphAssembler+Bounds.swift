import GraphIR

/// The limits of one output channel; nil where there is none.
struct Bounds: Hashable {
  var minimum: Float?
  var maximum: Float?

  /// Reads the limits of `count` channels: `none`, one number for all, or one each, by commas, with
  /// `none` for channels that have no such limit.
  ///
  /// - Throws: `ImportError.badOption` naming what does not fit.
  static func channels(
    _ count: Int, minimum: String, maximum: String
  ) throws(ImportError) -> [Bounds] {
    let lower = try numbers(minimum, count)
    let upper = try numbers(maximum, count)
    var result: [Bounds] = []
    for (low, high) in zip(lower, upper) {
      if let low, let high, low >= high {
        throw ImportError(.badOption, "the bounds \(low) and \(high) are not in order")
      }
      result.append(Bounds(minimum: low, maximum: high))
    }
    return result
  }

  private static func numbers(_ text: String, _ count: Int) throws(ImportError) -> [Float?] {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
    guard items.count == 1 || items.count == count else {
      throw ImportError(
        .badOption, "'\(text)' gives \(items.count) bounds, the output has \(count) channels")
    }
    var result: [Float?] = []
    for item in items {
      if item == "none" {
        result.append(nil)
      } else if let number = Float(item), number.isFinite {
        result.append(number)
      } else {
        throw ImportError(
          .badOption, "the bound '\(item)' is neither a number nor 'none'")
      }
    }
    return items.count == count
      ? result : [Float?](repeating: result[0], count: count)
  }
}

extension GraphAssembler {
  /// Keeps each channel within its bounds: `sigmoid(x) · (max - min) + min`, `exp(x) + min` or
  /// `max - exp(-x)`.
  ///
  /// - Source: climatereconstructionAI model/bounds_scaler.py.
  mutating func bounded(_ input: ValueID, _ bounds: [Bounds]) throws(ImportError) -> ValueID {
    guard bounds.contains(where: { $0 != Bounds() }) else { return input }
    var channels: [ValueID] = []
    for (index, bound) in bounds.enumerated() {
      let channel =
        bounds.count == 1
        ? input : try apply(SliceChannels(start: index, end: index + 1), input, label: "")
      channels.append(try bounded(channel, bound))
    }
    return channels.count == 1 ? channels[0] : try apply(Concat(), channels, label: "")
  }

  private mutating func bounded(
    _ channel: ValueID, _ bound: Bounds
  ) throws(ImportError) -> ValueID {
    switch (bound.minimum, bound.maximum) {
    case (nil, nil):
      return channel
    case (let minimum?, let maximum?):
      let share = try apply(Sigmoid(), channel, label: "")
      let scaled = try apply(Multiply(), share, scalar(maximum - minimum), label: "")
      return try apply(Add(), scaled, scalar(minimum), label: "")
    case (let minimum?, nil):
      return try apply(
        Add(), apply(Exponential(), channel, label: ""), scalar(minimum), label: "")
    case (nil, let maximum?):
      let negative = try apply(Multiply(), channel, scalar(-1), label: "")
      let decay = try apply(Exponential(), negative, label: "")
      return try apply(
        Add(), apply(Multiply(), decay, scalar(-1), label: ""), scalar(maximum), label: "")
    }
  }
}
