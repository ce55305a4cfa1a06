import GraphIR
import TensorCore

/// The border that a convolution layer puts around its input.
enum Border: Hashable, Sendable {
  /// Zeros: top, left, bottom, right.
  case zeros([Int])
  /// Rows of zeros above and below, columns continued from the other side (a globe's longitudes).
  case global([Int])

  var cells: [Int] {
    switch self {
    case .zeros(let cells), .global(let cells): cells
    }
  }

  /// `(k - 1) / 2` cells on each side, so that a stride of 1 keeps the size.
  static func symmetric(kernel: [Int], dilation: [Int]) -> [Int] {
    let cells = (0..<2).map { (kernel[$0] - 1) * dilation[$0] / 2 }
    return cells + cells
  }
}

extension Border {
  /// TensorFlow's SAME, with the odd cell below and to the right.
  ///
  /// - Throws: `ImportError.shapeMismatch` when a size of `input` is no multiple of the stride: the
  ///   border would depend on it.
  static func tensorFlowSame(
    kernel: [Int], stride: [Int], dilation: [Int], input: ValueType, label: String
  ) throws(ImportError) -> [Int] {
    var cells = [0, 0, 0, 0]
    for axis in 0..<2 {
      guard input.dimensions[2 + axis].isMultiple(of: stride[axis]) else {
        throw ImportError(
          .shapeMismatch, "layer '\(label)': \(input) is no multiple of its stride")
      }
      let total = max((kernel[axis] - 1) * dilation[axis] + 1 - stride[axis], 0)
      cells[axis] = total / 2
      cells[axis + 2] = total - total / 2
    }
    return cells
  }
}

/// The stored tensors and the geometry of one convolution layer.
struct ConvolutionParameters {
  var weight: NamedTensor
  var bias: NamedTensor?
  /// Weights of the mask convolution, where the checkpoint stores them.
  var maskKernel: NamedTensor?
  var stride: [Int]
  var dilation: [Int] = [1, 1]
  var groups = 1
  var border: Border

  /// The convolution over an input that has a global border already, or takes zeros.
  var operation: Convolution {
    var padding = [0, 0, 0, 0]
    if case .zeros(let cells) = border { padding = cells }
    return Convolution(stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

extension GraphAssembler {
  /// An ordinary convolution with its bias.
  mutating func convolution(
    _ input: ValueID, _ parameters: ConvolutionParameters, label: String
  ) throws(ImportError) -> ValueID {
    let padded = try bordered(input, parameters.border, label: label)
    let weight = try constant(parameters.weight.name, parameters.weight.tensor)
    let sum = try apply(parameters.operation, padded, weight, label: label)
    guard let bias = parameters.bias else { return sum }
    return try apply(Add(), sum, channelVector(bias.name, bias.tensor), label: label)
  }

  /// The input with its border where the convolution cannot make it itself.
  mutating func bordered(
    _ input: ValueID, _ border: Border, label: String
  ) throws(ImportError) -> ValueID {
    guard case .global(let cells) = border else { return input }
    let rows = try apply(
      Pad(mode: .zero, border: [cells[0], 0, cells[2], 0]), input, label: label)
    return try apply(
      Pad(mode: .circular, border: [0, cells[1], 0, cells[3]]), rows, label: label)
  }
}
