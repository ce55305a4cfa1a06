import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

@Suite struct OperationTests {
  @Test(arguments: OperationCases.all)
  func `agrees with the scalar meaning`(_ example: OperationCase) throws {
    for kernels in KernelTable.supported {
      for threads in [1, 3] { try example.check(kernels, threads: threads) }
    }
  }

  @Test func `has a case for every operation`() {
    let covered = Set(OperationCases.all.map(\.operation.mnemonic))
    #expect(OperationRegistry.all.map { $0.mnemonic }.filter { !covered.contains($0) } == [])
  }
}

enum OperationCases {
  static let all =
    elementwise + broadcasts + pixels + windows + volumes + PartialConvolutionCases.all

  private static let elementwise: [OperationCase] = {
    var random = SeededGenerator(seed: 1)
    let special: [Float] = [.nan, .infinity, -.infinity, -0.0, 0, 1e-30, -1e-30, 90, -90, 3, -3]
    let x = Tensor(special + random.tensor([1, 10, 1, 1]).floatArray, shape: [1, 21, 1, 1])
    let operations: [any GraphIR.Operation] = [
      ReLU(), LeakyReLU(slope: 0.2), Clip(minimum: -0.25, maximum: 0.5),
    ]
    let smooth = Operand.image(random.tensor([2, 3, 5, 7]))
    return operations.map { OperationCase(operation: $0, operands: [.image(x)]) }
      + [Sigmoid() as any GraphIR.Operation, Tanh(), Exponential()].map {
        OperationCase(operation: $0, operands: [smooth])
      } + [
        OperationCase(operation: Fill.scalar(2.5), operands: []),
        OperationCase(operation: Fill(-1, shape: [2, 3]), operands: []),
        OperationCase(operation: OnesPlane(), operands: [smooth]),
      ] + storages.map { OperationCase(operation: Narrow(to: $0), operands: [.image(x)]) }
  }()

  private static let storages: [PictureStorage] =
    [.bfloat16]
    + [(0.5, 0), (0.02, 1), (3, 128), (1e-20, 255)].compactMap { scale, zeroPoint in
      (try? Quantization(scale: scale, zeroPoint: zeroPoint)).map(PictureStorage.quantized)
    }

  typealias Operand = OperationCase.Operand

  private static let broadcasts: [OperationCase] = {
    var random = SeededGenerator(seed: 2)
    let image = Operand.image(random.tensor([2, 5, 3, 4]))
    let other = Operand.image(random.tensor([2, 5, 3, 4]))
    let plane = Operand.image(random.mask([2, 1, 3, 4], fractions: true))
    let vector = Operand.constant(random.tensor([1, 5, 1, 1]))
    let stored = Operand.constant(random.tensor([2, 5, 3, 4]))
    let scalar = Operand.constant(random.tensor([1, 1, 1, 1]))
    let column = Operand.image(random.tensor([1, 1, 3, 1]))
    let plain = Operand.plain(random.tensor([6, 7]))
    let pairs = [
      [image, other], [image, plane], [plane, image], [image, vector], [vector, image],
      [image, stored], [scalar, image], [column, image], [vector, plane], [stored, vector],
      [plain, plain],
    ]
    let operations: [any GraphIR.Operation] = [Add(), Subtract(), Multiply(), Divide(), Equal()]
    var cases = operations.flatMap { operation in
      pairs.map { OperationCase(operation: operation, operands: $0) }
    }
    for condition in [[2, 5, 3, 4], [2, 1, 3, 4], [1, 1, 1, 1]] {
      let choice = Operand.image(random.booleans(condition))
      for pair in pairs.dropLast() {
        cases.append(OperationCase(operation: Select(), operands: [choice] + pair))
      }
    }
    for shape in [[2, 64, 20, 20], [1, 1, 131, 127], [3, 8, 33, 65]] {
      let large = Operand.image(random.tensor(shape))
      cases.append(OperationCase(operation: Add(), operands: [large, large]))
      cases.append(OperationCase(operation: Multiply(), operands: [scalar, large]))
    }
    return cases
  }()

  private static let volumes: [OperationCase] = {
    var random = SeededGenerator(seed: 6)
    let volume = Operand.plain(random.tensor([2, 2, 3, 5, 4]))
    let mask = Operand.plain(random.mask([2, 2, 3, 5, 4], fractions: false))
    let weights = Operand.constant(random.tensor([3, 2, 2, 3, 3]))
    return [
      OperationCase(
        operation: PartialConvolution3D(stride: [1, 2, 1], padding: [0, 1, 1]),
        operands: [volume, mask, weights], depth: 36)
    ]
  }()

  private static let pixels: [OperationCase] = {
    var random = SeededGenerator(seed: 3)
    let image = Operand.image(random.tensor([2, 5, 4, 6]))
    let plane = Operand.image(random.tensor([2, 1, 4, 6]))
    let three = Operand.image(random.tensor([2, 3, 4, 6]))
    let large = Operand.image(random.tensor([2, 3, 7, 13]))
    let operations: [any GraphIR.Operation] = [
      SliceChannels(start: 1, end: 4), Pad(mode: .zero, border: [1, 2, 0, 3]),
      Pad(mode: .circular, border: [1, 2, 0, 3]), UpsampleNearest(factor: [2, 3]), Flatten(),
      ChangeLayout(to: .nhwc),
      Pool(
        mode: .maximum, window: Window(kernel: [3, 2], stride: [2, 1], padding: [1, 0, 2, 1])),
      Pool(
        mode: .average, window: Window(kernel: [3, 2], stride: [2, 2], padding: [1, 1, 1, 1])),
      Pool(
        mode: .average, window: Window(kernel: [3, 3], padding: [1, 1, 1, 1]), countsBorder: false),
    ]
    return operations.map { OperationCase(operation: $0, operands: [image], depth: 9) } + [
      OperationCase(operation: Concat(), operands: [image, plane, three]),
      OperationCase(operation: ExpandChannels(count: 4), operands: [plane]),
      OperationCase(operation: GlobalAverage(), operands: [image], depth: 24),
      OperationCase(operation: ResizeNearest(), operands: [image, large]),
      OperationCase(operation: ResizeNearest(), operands: [large, image]),
      OperationCase(operation: Flatten(), operands: [plane]),
      OperationCase(
        operation: ChangeLayout(to: .nchw),
        operands: [.init(tensor: image.tensor, layout: .nhwc, isConstant: false)]),
      normalization(.moving, &random), normalization(.batch, &random),
    ]
  }()

  private static func normalization(
    _ statistics: BatchNormalization.Statistics, _ random: inout SeededGenerator
  ) -> OperationCase {
    let vectors = (0..<(statistics == .moving ? 4 : 2)).map { _ in
      Operand.constant(random.positives([7]))
    }
    return OperationCase(
      operation: BatchNormalization(epsilon: 1e-3, statistics: statistics),
      operands: [.image(random.tensor([3, 7, 9, 5]))] + vectors, depth: 16)
  }

  private static let windows: [OperationCase] = {
    var random = SeededGenerator(seed: 4)
    var cases: [OperationCase] = []
    for (channels, outputs) in [
      (1, 1), (3, 1), (4, 2), (5, 4), (17, 3), (3, 5), (16, 16), (17, 33), (8, 31),
    ] {
      for convolution in convolutions {
        let kernel = [outputs, channels, 3, 2]
        cases.append(
          OperationCase(
            operation: convolution,
            operands: [
              .image(random.tensor([2, channels, 7, 9])), .constant(random.tensor(kernel)),
            ], depth: channels * 6))
      }
    }
    for (groups, kernel) in [(2, [6, 2, 3, 3]), (4, [4, 1, 3, 3]), (4, [8, 1, 1, 1])] {
      cases.append(
        OperationCase(
          operation: Convolution(padding: [1, 1, 1, 1], groups: groups),
          operands: [.image(random.tensor([2, 4, 5, 5])), .constant(random.tensor(kernel))],
          depth: 18))
    }
    cases.append(
      OperationCase(
        operation: Convolution(),
        operands: [.image(random.tensor([1, 3, 5, 5])), .plain(random.tensor([2, 3, 3, 3]))],
        depth: 27))
    for (rows, depth, columns) in [(1, 7, 3), (15, 33, 40), (2, 64, 1)] {
      cases.append(
        OperationCase(
          operation: Dense(),
          operands: [
            .plain(random.tensor([rows, depth])), .constant(random.tensor([columns, depth])),
            .constant(random.tensor([columns])),
          ], depth: depth))
    }
    return cases
  }()

  private static let convolutions = [
    Convolution(), Convolution(stride: [2, 2], padding: [1, 1, 1, 1]),
    Convolution(stride: [1, 3], padding: [2, 0, 1, 3], dilation: [2, 1]),
    Convolution(padding: [0, 2, 3, 1], dilation: [1, 2]),
  ]
}
