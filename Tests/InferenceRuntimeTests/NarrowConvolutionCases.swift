import GraphIR
import TensorCore

/// Partial convolutions over pictures of fewer bits.
enum NarrowConvolutionCases {
  /// How a case stores its operands and its result.
  enum Numbers: CaseIterable {
    /// `bf16` pictures and weights, stored as each type.
    case bfloat16
    /// `u8` pictures and `i8` weights, stored as each type.
    case integer8
    /// `f32` pictures and weights, stored as each type.
    case float32
    /// A first picture of `bf16`, then `u8`, then `f32`, with `f32` weights.
    case mixed
    /// `u8` pictures with `bf16` weights.
    case unequal
    /// `f32` pictures with `i8` weights, whose sums are too large for sigmoid and tanh.
    case narrowWeights
  }

  static func all(_ numbers: Numbers) -> [OperationCase] {
    var random = SeededGenerator(seed: 77)
    let kept = PartialConvolutionCases.all.enumerated().filter { $0.offset % 2 == 0 }
    let split = UpsamplingSplitCases.all.enumerated().filter { $0.offset % 5 == 0 }
    return (kept + split + odd.enumerated()).map { index, example in
      narrowed(example, numbers, storage(index), &random)
    }
  }

  /// Channels that fill no whole group, and pixels around the edges of every tile.
  private static let odd: [OperationCase] = {
    var cases: [OperationCase] = []
    for channels in [1, 2, 3, 5, 17, 31, 67] {
      for size in [[1, 1], [1, 3], [3, 5], [7, 2]] {
        let parts: [UpsamplingSplitCases.Part] = [(channels, 1), (channels / 2 + 1, 2)]
        cases.append(
          UpsamplingSplitCases.example(
            parts, outputs: [1, 15, 33, 64][cases.count % 4],
            mask: .allCases[cases.count % 3], size: size))
      }
    }
    return cases
  }()

  /// Large enough for several pieces per thread.
  static func wide(_ numbers: Numbers) -> [OperationCase] {
    var random = SeededGenerator(seed: 78)
    return UpsamplingSplitCases.wide.enumerated().map {
      narrowed($1, numbers, storage($0), &random)
    }
  }

  private static func storage(_ index: Int) -> PictureStorage {
    switch index % 3 {
    case 0: .float32
    case 1: .bfloat16
    default: quantization(index / 3, scale: 0.02).map(PictureStorage.quantized) ?? .float32
    }
  }

  private static func quantization(_ index: Int, scale: Float) -> Quantization? {
    try? Quantization(scale: scale, zeroPoint: [0, 1, 128, 255][index % 4])
  }

  static func narrowed(
    _ example: OperationCase, _ numbers: Numbers, _ storage: PictureStorage,
    _ random: inout SeededGenerator
  ) -> OperationCase {
    guard var operation = example.operation as? PartialConvolution else { return example }
    var operands = example.operands
    let places = operation.arguments(Array(operands.indices))
    for (index, place) in places.pictures.enumerated() {
      let tensor = operands[place].tensor
      let kind = numbers == .mixed ? index % 3 : numbers == .bfloat16 ? 0 : 1
      switch (numbers, kind) {
      case (.float32, _), (.narrowWeights, _), (_, 2): continue
      case (_, 0): operands[place] = .image(tensor.convertedToBFloat16())
      default:
        operation.parts[index].quantization = quantization(
          Int.random(in: 0..<4, using: &random), scale: 0.011 * Float(index + 1))
        operands[place] = .image(random.bytes(tensor.shape, as: .uint8))
      }
    }
    let weights = operands[places.weights].tensor
    switch numbers {
    case .bfloat16, .unequal: operands[places.weights] = .constant(weights.convertedToBFloat16())
    case .integer8, .narrowWeights:
      if numbers == .narrowWeights { operation.activation = .none }
      operands[places.weights] = .constant(random.bytes(weights.shape, as: .int8))
    case .float32, .mixed: break
    }
    operation.storage = storage
    return OperationCase(operation: operation, operands: operands, depth: example.depth)
  }
}

extension SeededGenerator {
  /// Numbers of one byte, each as likely.
  mutating func bytes(_ shape: [Int], as type: ElementType) -> Tensor {
    let bytes = (0..<Tensor.elementCount(of: shape)).map { _ in
      UInt8.random(in: 0...255, using: &self)
    }
    return unsafe Tensor(elementType: type, shape: shape) { unsafe $0.copyBytes(from: bytes) }
  }
}
