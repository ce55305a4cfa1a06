import GraphIR
import TensorCore

/// The published order of operations of one partial-convolution layer, in primitive arithmetic.
enum Dialect: CaseIterable {
  /// NVIDIA/partialconv with a mask for every channel.
  case nvidia
  /// naoto0804/pytorch-inpainting-with-partial-conv.
  case naoto
  /// MathiasGruber/PConv-Keras of 2019.
  case pconvKeras
}

/// A picture and the mask of its channels.
struct Features {
  var picture: ValueID
  var mask: ValueID
}

/// What a layer's arithmetic reads.
struct PartialLayer {
  let dialect: Dialect
  let label: String
  let sum: ValueID
  let windowSum: ValueID
  /// Rows times columns of the kernel, and channels it reads.
  let area: Int
  let channels: Int
  /// `[1, O, 1, 1]`; nil without bias.
  let bias: ValueID?

  func add(to graph: inout Graph) throws -> Features {
    switch dialect {
    case .nvidia: try addNVIDIA(&graph)
    case .naoto: try addNaoto(&graph)
    case .pconvKeras: try addKeras(&graph)
    }
  }

  /// `((y + b) - b) · r + b`, then times the new mask; `r = C·k·k / (s + ε) · clip(s)`.
  private func addNVIDIA(_ graph: inout Graph) throws -> Features {
    let (ratio, mask) = try clippedRatio(&graph, numerator: area * channels)
    guard let bias else {
      return Features(picture: try graph.apply(Multiply(), sum, ratio, label: label), mask: mask)
    }
    let there = try graph.apply(Add(), sum, bias, label: label)
    let back = try graph.apply(Subtract(), there, bias, label: label)
    let scaled = try graph.apply(Multiply(), back, ratio, label: label)
    let shifted = try graph.apply(Add(), scaled, bias, label: label)
    return Features(picture: try graph.apply(Multiply(), shifted, mask, label: label), mask: mask)
  }

  /// `((y + b) - b) / s + b`, 0 where the window saw nothing; the new mask is binary.
  private func addNaoto(_ graph: inout Graph) throws -> Features {
    let zero = try graph.apply(Fill.scalar(0), label: label)
    let one = try graph.apply(Fill.scalar(1), label: label)
    let isHole = try graph.apply(Equal(), windowSum, zero, label: label)
    let divisor = try graph.apply(Select(), isHole, one, windowSum, label: label)
    var picture = sum
    if let bias {
      picture = try graph.apply(Add(), picture, bias, label: label)
      picture = try graph.apply(Subtract(), picture, bias, label: label)
    }
    picture = try graph.apply(Divide(), picture, divisor, label: label)
    if let bias { picture = try graph.apply(Add(), picture, bias, label: label) }
    return Features(
      picture: try graph.apply(Select(), isHole, zero, picture, label: label),
      mask: try graph.apply(Select(), isHole, zero, one, label: label))
  }

  /// `y · r + b` everywhere; `r = k·k / (s + ε) · clip(s)`.
  private func addKeras(_ graph: inout Graph) throws -> Features {
    let (ratio, mask) = try clippedRatio(&graph, numerator: area)
    var picture = try graph.apply(Multiply(), sum, ratio, label: label)
    if let bias { picture = try graph.apply(Add(), picture, bias, label: label) }
    return Features(picture: picture, mask: mask)
  }

  private func clippedRatio(
    _ graph: inout Graph, numerator: Int
  ) throws -> (ratio: ValueID, mask: ValueID) {
    let epsilon = try graph.apply(Fill.scalar(1e-8), label: label)
    let divisor = try graph.apply(Add(), windowSum, epsilon, label: label)
    let number = try graph.apply(Fill.scalar(Float(numerator)), label: label)
    let ratio = try graph.apply(Divide(), number, divisor, label: label)
    let mask = try graph.apply(Clip(minimum: 0, maximum: 1), windowSum, label: label)
    return (try graph.apply(Multiply(), ratio, mask, label: label), mask)
  }
}
