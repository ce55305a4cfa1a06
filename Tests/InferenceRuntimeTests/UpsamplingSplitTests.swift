import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

@Suite struct UpsamplingSplitTests {
  @Test(arguments: UpsamplingSplitCases.all)
  func `agrees with the scalar meaning`(_ example: OperationCase) throws {
    let expected = example.operation.evaluate(example.operands.map(\.tensor))
    for kernels in KernelTable.supported {
      let actual = try example.run(kernels, threads: 3)
      #expect(actual.map(\.shape) == expected.map(\.shape))
      expectClose(actual[0], expected[0], example.operation.exactness, depth: example.depth)
    }
  }

  @Test(arguments: UpsamplingSplitCases.wide)
  func `gives the same bits on any number of threads`(_ example: OperationCase) throws {
    for kernels in KernelTable.supported {
      let one = try example.run(kernels, threads: 1)
      for threads in [2, 3, 7] { #expect(try example.run(kernels, threads: threads) == one) }
    }
  }

  @Test(arguments: [3, 33])
  func `multiplies upsampled parts at their own resolution`(_ outputs: Int) throws {
    let labels = try UpsamplingSplitCases.example([(16, 2), (3, 1)], outputs: outputs).stepLabels()
    #expect(labels.contains { $0.hasSuffix("low resolution") })
  }

  @Test(arguments: UpsamplingSplitCases.kept)
  func `keeps a convolution whole where splitting does not apply`(
    _ example: OperationCase
  ) throws {
    #expect(try example.stepLabels().allSatisfy { !$0.hasSuffix("low resolution") })
    try example.check(.preferred, threads: 2)
  }
}

/// Partial convolutions over upsampled pictures.
enum UpsamplingSplitCases {
  typealias Part = (channels: Int, upsampling: Int)

  /// No mask; zeros and ones; values between them too; ones with a hole that is wider than windows.
  enum Mask: CaseIterable { case none, binary, fractional, compact }

  static let all: [OperationCase] = {
    var cases: [OperationCase] = []
    let partLists: [[Part]] = [
      [(16, 2)], [(3, 1), (16, 2)], [(24, 2), (17, 1)], [(16, 2), (5, 1), (7, 2)],
      [(16, 2), (3, 4)],
    ]
    for parts in partLists {
      for outputs in [1, 3, 4, 5, 16, 33, 70] {
        for mask in Mask.allCases {
          for size in [[1, 1], [1, 7], [5, 2], [6, 9]] {
            let scale = parts.map(\.upsampling).max() ?? 2
            let grown = size.map { $0 * (scale == 4 ? 2 : 1) }
            cases.append(example(parts, outputs: outputs, mask: mask, size: grown))
          }
        }
      }
    }
    return cases
  }()

  /// Large enough for several pieces per thread.
  static let wide: [OperationCase] = [3, 70].map {
    example([(20, 2), (17, 1)], outputs: $0, mask: .binary, size: [31, 37])
  }

  static let kept: [OperationCase] = [
    example([(15, 2), (16, 1)], outputs: 16),
    example([(16, 4), (16, 1)], outputs: 16),
    example([(16, 2)], outputs: 16, convolution: Convolution()),
    example(
      [(16, 2)], outputs: 16, convolution: Convolution(stride: [2, 2], padding: [1, 1, 1, 1])),
    example([(16, 2)], outputs: 16, kernel: 5),
  ]

  /// - Parameter size: rows and columns of a picture that is upsampled twice.
  static func example(
    _ parts: [Part], outputs: Int, mask: Mask = .none, size: [Int] = [4, 8],
    convolution: Convolution = Convolution(padding: [1, 1, 1, 1]), kernel: Int = 3
  ) -> OperationCase {
    example(
      parts, outputs: outputs, mask: mask, grown: size.map { $0 * 2 }, convolution: convolution,
      kernel: kernel, activation: outputs == 3 ? .sigmoid : outputs == 16 ? .relu : .none)
  }

  /// - Parameter grown: rows and columns that the window sees.
  static func example(
    _ parts: [Part], outputs: Int, mask: Mask, grown: [Int], convolution: Convolution,
    kernel: Int, activation: Activation
  ) -> OperationCase {
    var random = SeededGenerator(seed: UInt64(outputs * 1000 + grown[0] * 31 + grown[1]))
    let operation = PartialConvolution(
      parts: parts.map { .init(isMasked: mask != .none, upsampling: $0.upsampling) },
      convolution: convolution, hasScale: mask == .fractional, hasRatio: mask != .none,
      biasPlanes: mask == .none ? [false] : [true, false],
      activation: activation)
    var operands: [OperationCase.Operand] = []
    for part in parts {
      let part = (part.channels, grown.map { $0 / part.upsampling })
      operands.append(.image(random.tensor([2, part.0] + part.1)))
      if mask != .none {
        let shape = [2, 1] + part.1
        operands.append(
          .image(
            mask == .compact
              ? random.compactHole(shape) : random.mask(shape, fractions: mask == .fractional)))
      }
    }
    let weights = [outputs, parts.reduce(0) { $0 + $1.channels }, kernel, kernel]
    operands.append(.constant(random.tensor(weights)))
    let window = convolution.window(kernelShape: weights)
    let plane =
      [2, 1]
      + (0..<2).map { window.resultLength(of: .fixed(grown[$0]), axis: $0).fixedValue ?? 0 }
    if operation.hasScale { operands.append(.constant(random.positives([outputs]))) }
    if operation.hasRatio { operands.append(.image(random.positives(plane))) }
    for hasPlane in operation.biasPlanes {
      operands.append(.constant(random.tensor([outputs])))
      if hasPlane { operands.append(.image(random.mask(plane))) }
    }
    return OperationCase(
      operation: operation, operands: operands, depth: weights[1] * kernel * kernel)
  }
}
