import GraphIR
import KernelLibrary
import TensorCore

/// Where an operation takes weights of a matrix product, how they are grouped, and which numbers
/// the product multiplies.
struct WeightUse {
  let input: Int
  var groups = 1
  var arithmetic = Arithmetic.float32
  /// The channels of each picture that the kernel reads; nil where it is one.
  var parts: [Int]?

  /// Nil for a node without weights that kernels take.
  init?(_ node: Node, in graph: Graph) {
    switch node.operation {
    case let convolution as Convolution:
      (input, groups) = (1, convolution.groups)
    case let partial as PartialConvolution where partial.convolution.groups == 1:
      let arguments = partial.arguments(node.inputs)
      let pictures = arguments.pictures.compactMap { graph.type(of: $0) }
      let channels = pictures.compactMap { $0.dimensions[1].fixedValue }
      guard let weights = graph.type(of: arguments.weights), channels.count == partial.parts.count,
        let arithmetic = Arithmetic(partial, pictures: pictures, weights: weights)
      else { return nil }
      input = partial.arguments(Array(node.inputs.indices)).weights
      self.arithmetic = arithmetic
      parts = channels
    case is Dense: input = 1
    default: return nil
    }
  }

  /// The weights as `[O, C, kh, kw]`, widened where the kernel multiplies `f32`.
  func matrix(_ tensor: Tensor) -> Tensor {
    let numbers = arithmetic == .float32 ? tensor.convertedToFloat32() : tensor
    return numbers.shape.count == 4 ? numbers : numbers.reshaped(to: numbers.shape + [1, 1])
  }
}

extension Arithmetic {
  /// The numbers that kernels multiply for `operation`: integers for `i8` weights over quantised
  /// pictures alone, `bf16` where everything is, else `f32`, to which narrow pictures are widened
  /// first; nil where a sum of integers may be too long for `i32`.
  init?(_ operation: PartialConvolution, pictures: [ValueType], weights: ValueType) {
    if weights.elementType == .int8, operation.parts.allSatisfy({ $0.quantization != nil }) {
      let depth = weights.dimensions.dropFirst().compactMap(\.fixedValue).reduce(1, *)
      guard depth <= Arithmetic.longestIntegerSum else { return nil }
      self = .integer8
    } else {
      let isNarrow = (pictures + [weights]).allSatisfy { $0.elementType == .bfloat16 }
      self = isNarrow ? .bfloat16 : .float32
    }
  }
}

extension ByteScale {
  init(_ quantization: Quantization) {
    self.init(scale: quantization.scale, zeroPoint: quantization.zeroPoint)
  }
}

extension ResultStorage {
  init(_ storage: PictureStorage) {
    switch storage {
    case .float32: self = .float32
    case .bfloat16: self = .bfloat16
    case .quantized(let quantization): self = .bytes(ByteScale(quantization))
    }
  }
}
