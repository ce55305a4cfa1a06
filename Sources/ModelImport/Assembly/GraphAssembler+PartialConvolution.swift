import GraphIR
import TensorCore

extension GraphAssembler {
  /// One partial-convolution layer as the primitive arithmetic of its dialect, literally.
  ///
  /// Masks go through a convolution of their own; recognising that it is one plane is the
  /// optimiser's work.
  /// - Source: the layer files named in `Models/`, whose order of operations this keeps.
  mutating func partialConvolution(
    _ input: Features, _ parameters: ConvolutionParameters, _ dialect: PartialConvolutionDialect,
    label: String
  ) throws(ImportError) -> Features {
    let kernel = parameters.weight.tensor.shape
    let image = try bordered(input.image, parameters.border, label: label)
    var sum: ValueID
    let windowSum: ValueID
    if dialect.mask == .padding {
      let ones = try apply(OnesPlane(), input.image, label: label)
      let paddedOnes = try bordered(ones, parameters.border, label: label)
      sum = try rawSum(image, parameters, label: label)
      windowSum = try self.windowSum(
        paddedOnes, parameters, shape: [1, 1] + kernel[2...], label: label)
    } else {
      guard let given = input.mask else {
        throw ImportError(.badDescription, "layer '\(label)' needs a mask, but there is none here")
      }
      let mask = try bordered(given, parameters.border, label: label)
      let shape = dialect.mask == .single ? [1, 1] + kernel[2...] : kernel
      sum = try rawSum(apply(Multiply(), image, mask, label: label), parameters, label: label)
      windowSum = try self.windowSum(mask, parameters, shape: shape, label: label)
    }
    if let bias = parameters.bias, dialect.bias == .around {
      let vector = try channelVector(bias.name, bias.tensor)
      sum = try apply(Add(), sum, vector, label: label)
      sum = try apply(Subtract(), sum, vector, label: label)
    }
    var renormalisation = Renormalisation(windowSum: windowSum, dialect: dialect, label: label)
    var output = try renormalisation.apply(to: sum, kernel: kernel, in: &self)
    if let bias = parameters.bias {
      let vector = try channelVector(bias.name, bias.tensor)
      output = try apply(Add(), output, vector, label: label)
      output = try renormalisation.cleared(output, in: &self)
    } else if dialect.holes == .zeroed {
      output = try renormalisation.cleared(output, in: &self)
    }
    let mask = dialect.mask == .padding ? nil : try renormalisation.updatedMask(in: &self)
    return Features(image: output, mask: mask)
  }

  private mutating func rawSum(
    _ input: ValueID, _ parameters: ConvolutionParameters, label: String
  ) throws(ImportError) -> ValueID {
    let weight = try constant(parameters.weight.name, parameters.weight.tensor)
    return try apply(parameters.operation, input, weight, label: label)
  }

  private mutating func windowSum(
    _ mask: ValueID, _ parameters: ConvolutionParameters, shape: [Int], label: String
  ) throws(ImportError) -> ValueID {
    let kernel = try maskKernel(parameters.maskKernel, shape: shape, label: label)
    var operation = parameters.operation
    if shape[1] == 1 {
      operation = Convolution(
        stride: operation.stride, padding: operation.padding, dilation: operation.dilation)
    }
    return try apply(operation, mask, kernel, label: label)
  }
}

/// What follows the two sums of a layer, made as far as it is asked for.
private struct Renormalisation {
  let windowSum: ValueID
  let dialect: PartialConvolutionDialect
  let label: String
  private var isHole: ValueID?
  private var clipped: ValueID?
  private var mask: ValueID?

  init(windowSum: ValueID, dialect: PartialConvolutionDialect, label: String) {
    self.windowSum = windowSum
    self.dialect = dialect
    self.label = label
  }

  mutating func apply(
    to sum: ValueID, kernel: [Int], in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    let denominator: ValueID
    if let epsilon = dialect.epsilon {
      denominator = try assembler.apply(
        Add(), windowSum, assembler.scalar(epsilon), label: label)
    } else {
      denominator = try assembler.apply(
        Select(), hole(in: &assembler), assembler.scalar(1), windowSum, label: label)
    }
    let area = kernel[2] * kernel[3]
    let numerator: Int
    switch dialect.numerator {
    case .one:
      guard dialect.clipsRatio else {
        return try assembler.apply(Divide(), sum, denominator, label: label)
      }
      numerator = 1
    case .window: numerator = area
    case .windowChannels: numerator = area * kernel[1]
    }
    var ratio = try assembler.apply(
      Divide(), assembler.scalar(Float(numerator)), denominator, label: label)
    if dialect.clipsRatio {
      ratio = try assembler.apply(
        Multiply(), ratio, clippedSum(in: &assembler), label: label)
    }
    return try assembler.apply(Multiply(), sum, ratio, label: label)
  }

  mutating func cleared(
    _ output: ValueID, in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    switch dialect.holes {
    case .kept: return output
    case .multiplied:
      return try assembler.apply(
        Multiply(), output, updatedMask(in: &assembler), label: label)
    case .zeroed:
      return try assembler.apply(
        Select(), hole(in: &assembler), assembler.scalar(0), output, label: label)
    }
  }

  mutating func updatedMask(in assembler: inout GraphAssembler) throws(ImportError) -> ValueID {
    if let mask { return mask }
    let made: ValueID
    switch dialect.updatedMask {
    case .clipped: made = try clippedSum(in: &assembler)
    case .nonzero:
      made = try assembler.apply(
        Select(), hole(in: &assembler), assembler.scalar(0), assembler.scalar(1), label: label)
    }
    mask = made
    return made
  }

  private mutating func hole(in assembler: inout GraphAssembler) throws(ImportError) -> ValueID {
    if let isHole { return isHole }
    let made = try assembler.apply(Equal(), windowSum, assembler.scalar(0), label: label)
    isHole = made
    return made
  }

  private mutating func clippedSum(
    in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    if let clipped { return clipped }
    let made = try assembler.apply(Clip(minimum: 0, maximum: 1), windowSum, label: label)
    clipped = made
    return made
  }
}
