import GraphIR
import TensorCore

/// Partial convolutions around the edges of every form's tiles.
enum TransformCases {
  typealias Part = (channels: Int, upsampling: Int)
  typealias Mask = UpsamplingSplitCases.Mask

  static let all: [OperationCase] =
    examples(layers) + [
      example([(17, 1)], outputs: 33, kernel: 3, size: [7, 9], padding: [0, 0, 0, 0]),
      example([(17, 1)], outputs: 33, kernel: 3, size: [7, 9], padding: [2, 0, 1, 3]),
      example([(16, 1)], outputs: 16, kernel: 5, stride: 2, size: [9, 11], padding: [0, 1, 3, 2]),
      example([(16, 1)], outputs: 16, kernel: 3, stride: 2, size: [9, 11], padding: [0, 1, 1, 0]),
      example([(3, 1)], outputs: 16, kernel: 7, stride: 2, size: [15, 20], padding: [3, 0, 2, 6]),
    ]

  /// Each of `layers` at every kernel and stride, and at sizes around the edges of the tiles.
  private static func examples(_ layers: [([Part], Int)]) -> [OperationCase] {
    var cases: [OperationCase] = []
    var mask = 0
    for size in [[1, 1], [2, 3], [3, 4], [4, 4], [5, 7], [8, 8], [9, 13], [17, 11]] {
      for (parts, outputs) in layers {
        for (kernel, stride) in [(3, 1), (3, 2), (5, 2), (7, 2)] {
          let isUpsampled = parts.contains { $0.upsampling == 2 }
          guard stride == 1 || !isUpsampled else { continue }
          mask += 1
          cases.append(
            example(
              parts, outputs: outputs, kernel: kernel, stride: stride,
              size: isUpsampled ? size.map { $0 + $0 % 2 } : size,
              mask: Mask.allCases[mask % Mask.allCases.count]))
        }
      }
    }
    return cases
  }

  private static let layers: [([Part], Int)] = [
    ([(1, 1)], 5), ([(16, 1)], 32), ([(67, 1)], 17), ([(5, 1), (19, 1)], 48), ([(3, 2)], 33),
    ([(67, 2), (16, 1)], 40), ([(8, 1), (9, 2), (4, 1)], 70),
    ([(34, 1)], 33), ([(6, 1), (18, 2)], 40),
  ]

  /// Large enough for several pieces per thread, as a whole and in blocks.
  static let wide: [OperationCase] = [
    example([(20, 1)], outputs: 70, kernel: 3, size: [61, 67], mask: .binary),
    example([(20, 1)], outputs: 33, kernel: 5, stride: 2, size: [61, 67], mask: .binary),
    example([(20, 2), (17, 1)], outputs: 70, kernel: 3, size: [62, 74], mask: .binary),
    example([(12, 1)], outputs: 40, kernel: 3, size: [300, 310], mask: .binary),
    example([(12, 2), (5, 1)], outputs: 40, kernel: 3, size: [300, 310], mask: .compact),
    example([(4, 1)], outputs: 64, kernel: 3, size: [131, 134], mask: .binary),
  ]

  /// Cases over `bf16` pictures, stored as each type.
  static let narrow: [OperationCase] = {
    var random = SeededGenerator(seed: 79)
    let storages: [PictureStorage] = [.float32, .bfloat16]
    return all.filter(hasPairs).enumerated().map { index, example in
      NarrowConvolutionCases.narrowed(
        example, .bfloat16, storages[index % 2], &random)
    }
  }()

  /// Cases over `u8` pictures, stored as each type.
  static let bytes: [OperationCase] = {
    var random = SeededGenerator(seed: 82)
    let layers: [([Part], Int)] = [
      ([(4, 1)], 5), ([(16, 1)], 32), ([(68, 1)], 17), ([(8, 1), (20, 1)], 48), ([(4, 2)], 33),
      ([(68, 2), (16, 1)], 40), ([(8, 1), (12, 2), (4, 1)], 70),
    ]
    let storages: [PictureStorage] = [.float32, .bfloat16]
    return examples(layers).enumerated().map { index, example in
      NarrowConvolutionCases.narrowed(example, .integer8, storages[index % 2], &random)
    }
  }()

  /// Large cases over `u8` pictures.
  static let wideBytes: [OperationCase] = {
    var random = SeededGenerator(seed: 83)
    return [
      example([(20, 1)], outputs: 70, kernel: 3, size: [61, 67], mask: .binary),
      example([(20, 1)], outputs: 33, kernel: 5, stride: 2, size: [61, 67], mask: .compact),
      example([(20, 2), (16, 1)], outputs: 70, kernel: 3, size: [62, 74], mask: .binary),
      example([(12, 2), (4, 1)], outputs: 40, kernel: 3, size: [300, 310], mask: .compact),
    ].map { NarrowConvolutionCases.narrowed($0, .integer8, .float32, &random) }
  }()

  /// Cases whose results are of fewer bits.
  static let stored: [OperationCase] = {
    var random = SeededGenerator(seed: 80)
    let bytes = (try? Quantization(scale: 0.02, zeroPoint: 100)).map(PictureStorage.quantized)
    return [.bfloat16, bytes ?? .bfloat16].flatMap { storage in
      [NarrowConvolutionCases.Numbers.float32, .bfloat16].flatMap { numbers in
        wide.filter(hasPairs).map {
          NarrowConvolutionCases.narrowed($0, numbers, storage, &random)
        }
      } + wideBytes.map { $0.stored(as: storage) }
    }
  }()

  private static func hasPairs(_ example: OperationCase) -> Bool {
    guard let operation = example.operation as? PartialConvolution else { return false }
    return operation.arguments(example.operands.map(\.tensor.shape)).pictures.allSatisfy {
      $0[1].isMultiple(of: 2)
    }
  }

  static let masked: [OperationCase] = Mask.allCases.dropFirst().flatMap { mask in
    [
      example([(17, 1)], outputs: 33, kernel: 3, size: [32, 29], mask: mask),
      example([(17, 1)], outputs: 33, kernel: 5, stride: 2, size: [42, 49], mask: mask),
      example([(17, 2), (9, 1)], outputs: 33, kernel: 3, size: [32, 28], mask: mask),
    ]
  }

  /// Pictures of few channels and no mask that are zeros over whole windows, one of them all over.
  static let blank: [OperationCase] = {
    var random = SeededGenerator(seed: 81)
    return [(3, 7, 2), (1, 3, 1), (4, 5, 2), (2, 3, 2)].map { channels, kernel, stride in
      let example = example(
        [(channels, 1)], outputs: 20, kernel: kernel, stride: stride, size: [47, 52])
      let (picture, mask) = (
        example.operands[0].tensor.floatArray, random.compactHole([1, 1, 47, 52]).floatArray
      )
      let values = picture.enumerated().map { index, value in
        index < picture.count / 2 ? value * mask[index % mask.count] : 0
      }
      var operands = example.operands
      operands[0] = .image(Tensor(values, shape: operands[0].tensor.shape))
      return OperationCase(
        operation: example.operation, operands: operands, depth: example.depth)
    }
  }()

  static let kept: [OperationCase] = [
    example([(16, 1)], outputs: 16, kernel: 5, size: [8, 8]),
    example([(16, 1)], outputs: 16, kernel: 7, size: [8, 8]),
    example([(16, 2)], outputs: 16, kernel: 3, stride: 2, size: [8, 8]),
    example([(16, 2)], outputs: 16, kernel: 3, size: [8, 8], padding: [0, 0, 0, 0]),
    example([(16, 4)], outputs: 16, kernel: 3, size: [8, 8]),
    example([(16, 1)], outputs: 16, kernel: 3, size: [8, 8], activation: .sigmoid),
    example([(16, 1)], outputs: 16, kernel: 3, size: [8, 8], dilation: 2),
  ]

  /// - Parameter size: rows and columns that the window sees.
  static func example(
    _ parts: [Part], outputs: Int, kernel: Int, stride: Int = 1, size: [Int],
    padding: [Int]? = nil, dilation: Int = 1, mask: Mask = .none,
    activation: Activation = .leakyReLU(slope: 0.2)
  ) -> OperationCase {
    let convolution = Convolution(
      stride: [stride, stride], padding: padding ?? [Int](repeating: kernel / 2, count: 4),
      dilation: [dilation, dilation])
    return UpsamplingSplitCases.example(
      parts, outputs: outputs, mask: mask, grown: size, convolution: convolution, kernel: kernel,
      activation: activation)
  }
}

extension OperationCase {
  fileprivate func stored(as storage: PictureStorage) -> OperationCase {
    guard var operation = operation as? PartialConvolution else { return self }
    operation.storage = storage
    return OperationCase(operation: operation, operands: operands, depth: depth)
  }
}
