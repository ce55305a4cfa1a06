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
      var valid = try apply(Multiply(), image, mask, label: label)
      if dialect.dividesByMaskMean {
        valid = try apply(
          Divide(), valid, apply(GlobalAverage(), given, label: label), label: label)
      }
      sum = try rawSum(valid, parameters, label: label)
      windowSum = try self.windowSum(mask, parameters, shape: shape, label: label)
    }
    if let bias = parameters.bias, dialect.bias == .around {
      let vector = try channelVector(bias.name, bias.tensor)
      sum = try apply(Add(), sum, vector, label: label)
      sum = try apply(Subtract(), sum, vector, label: label)
    }
    var renormalisation = Renormalisation(
      windowSum: windowSum, dialect: dialect, kernel: kernel, label: label)
    var output = try renormalisation.apply(to: sum, in: &self)
    if let bias = parameters.bias {
      let vector = try channelVector(bias.name, bias.tensor)
      output = try apply(Add(), output, vector, label: label)
    }
    if parameters.bias != nil || dialect.holes == .zeroed {
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
  /// Filters, channels, rows and columns.
  let kernel: [Int]
  let label: String
  private var isHole: ValueID?
  private var clipped: ValueID?
  private var mask: ValueID?
  private var ratio: ValueID?

  init(windowSum: ValueID, dialect: PartialConvolutionDialect, kernel: [Int], label: String) {
    self.windowSum = windowSum
    self.dialect = dialect
    self.kernel = kernel
    self.label = label
  }

  mutating func apply(
    to sum: ValueID, in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    let area = kernel[2] * kernel[3]
    let numerator: Int
    switch dialect.numerator {
    case .none: return sum
    case .one:
      guard dialect.clipsRatio else {
        return try assembler.apply(Divide(), sum, denominator(in: &assembler), label: label)
      }
      numerator = 1
    case .window: numerator = area
    case .windowChannels: numerator = area * kernel[1]
    }
    var ratio = try assembler.apply(
      Divide(), assembler.scalar(Float(numerator)), denominator(in: &assembler), label: label)
    if dialect.clipsRatio {
      ratio = try assembler.apply(
        Multiply(), ratio, clippedSum(in: &assembler), label: label)
    }
    self.ratio = ratio
    return try assembler.apply(Multiply(), sum, ratio, label: label)
  }

  private mutating func denominator(
    in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    switch dialect.denominator {
    case .epsilon(let epsilon):
      try assembler.apply(Add(), windowSum, assembler.scalar(epsilon), label: label)
    case .zeroAsOne:
      try assembler.apply(
        Select(), hole(in: &assembler), assembler.scalar(1), windowSum, label: label)
    case .atLeastOne:
      try assembler.apply(Clip(minimum: 1, maximum: .infinity), windowSum, label: label)
    }
  }

  mutating func cleared(
    _ output: ValueID, in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    switch dialect.holes {
    case .kept: return output
    case .multiplied:
      return try assembler.apply(
        Multiply(), output, clippedSum(in: &assembler), label: label)
    case .renormalised:
      guard let ratio else { return output }
      return try assembler.apply(Multiply(), output, ratio, label: label)
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
    case .clippedProduct: made = try clippedProduct(in: &assembler)
    case .nonzero:
      made = try assembler.apply(
        Select(), hole(in: &assembler), assembler.scalar(0), assembler.scalar(1), label: label)
    }
    mask = made
    return made
  }

  /// The filters of ones give all channels the same sum, so the product over them is a power,
  /// taken by squaring.
  private mutating func clippedProduct(
    in assembler: inout GraphAssembler
  ) throws(ImportError) -> ValueID {
    var square = try clippedSum(in: &assembler)
    if assembler.channelCount(square) == 1 { return square }
    square = try assembler.apply(SliceChannels(start: 0, end: 1), square, label: label)
    var product: ValueID?
    var exponent = kernel[0]
    while true {
      if exponent % 2 == 1 {
        product =
          try product.map { known throws(ImportError) in
            try assembler.apply(Multiply(), known, square, label: label)
          } ?? square
      }
      exponent /= 2
      guard exponent > 0 else { return product ?? square }
      square = try assembler.apply(Multiply(), square, square, label: label)
    }
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
