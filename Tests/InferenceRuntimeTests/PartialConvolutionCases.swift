import GraphIR
import TensorCore

/// Partial convolutions of every shape that a kernel treats apart.
enum PartialConvolutionCases {
  static let all: [OperationCase] = {
    var random = SeededGenerator(seed: 5)
    var cases: [OperationCase] = []
    for channels in [[3], [16], [17, 3], [16, 3, 5], [1, 2]] {
      for outputs in [1, 3, 16, 17, 33] {
        for variant in 0..<6 {
          cases.append(example(channels, outputs, variant, &random))
        }
      }
    }
    return cases
  }()

  private static func example(
    _ channels: [Int], _ outputs: Int, _ variant: Int, _ random: inout SeededGenerator
  ) -> OperationCase {
    let activations: [Activation] = [
      .none, .relu, .leakyReLU(slope: 0.2), .sigmoid, .tanh, .relu,
    ]
    let parts = channels.indices.map { index in
      PartialConvolution.Part(
        isMasked: (variant + index) % 3 != 0, upsampling: (variant + index) % 2 + 1)
    }
    let convolution = convolution(variant)
    let operation = PartialConvolution(
      parts: parts, convolution: convolution, hasScale: variant % 3 == 0,
      hasRatio: variant % 2 == 1,
      biasPlanes: [[], [true], [false, true], [true, true], [false], [true]][variant],
      activation: activations[variant])
    var operands: [OperationCase.Operand] = []
    for (part, count) in zip(parts, channels) {
      let size = [2, 12 / part.upsampling, 10 / part.upsampling]
      operands.append(.image(random.tensor([size[0], count, size[1], size[2]])))
      if part.isMasked {
        let images = variant == 1 ? 1 : 2
        let mask = random.mask([images, 1, size[1], size[2]], fractions: variant > 3)
        operands.append(.image(mask))
      }
    }
    let kernel = [outputs, channels.reduce(0, +), 3, variant == 5 ? 1 : 3]
    operands.append(.constant(random.tensor(kernel)))
    let window = convolution.window(kernelShape: kernel)
    let plane = [
      variant % 3 == 2 ? 1 : 2, 1, window.resultLength(of: .fixed(12), axis: 0).fixedValue ?? 0,
      window.resultLength(of: .fixed(10), axis: 1).fixedValue ?? 0,
    ]
    if operation.hasScale { operands.append(.constant(random.positives([outputs]))) }
    if operation.hasRatio { operands.append(.image(random.positives(plane))) }
    for hasPlane in operation.biasPlanes {
      operands.append(.constant(random.tensor([outputs])))
      if hasPlane { operands.append(.image(random.mask(plane))) }
    }
    return OperationCase(operation: operation, operands: operands, depth: kernel[1] * 9)
  }

  private static func convolution(_ variant: Int) -> Convolution {
    switch variant {
    case 0: Convolution()
    case 1: Convolution(padding: [1, 1, 1, 1])
    case 2: Convolution(stride: [2, 2], padding: [1, 1, 1, 1])
    case 3: Convolution(padding: [2, 2, 2, 2], dilation: [2, 2])
    case 4: Convolution(stride: [2, 1], padding: [0, 2, 1, 0])
    default: Convolution(padding: [1, 0, 1, 0])
    }
  }
}
