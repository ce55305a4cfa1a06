import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

@Suite struct NarrowConvolutionTests {
  typealias Numbers = NarrowConvolutionCases.Numbers

  @Test(arguments: Numbers.allCases)
  func `agrees with the scalar meaning`(_ numbers: Numbers) throws {
    for example in NarrowConvolutionCases.all(numbers) {
      let expected = example.operation.evaluate(example.operands.map(\.tensor))[0]
      for kernels in KernelTable.supported {
        let actual = try example.run(kernels, threads: 2)[0]
        expectStored(actual, expected, example, numbers, "\(kernels), \(example)")
      }
    }
  }

  @Test(arguments: Numbers.allCases)
  func `gives the same bits on any number of threads`(_ numbers: Numbers) throws {
    for example in NarrowConvolutionCases.wide(numbers) {
      for kernels in KernelTable.supported {
        let one = try example.run(kernels, threads: 1)
        for threads in [2, 3, 7] { #expect(try example.run(kernels, threads: threads) == one) }
      }
    }
  }

  @Test(arguments: [Numbers.bfloat16, .integer8], [3, 33])
  func `multiplies upsampled parts at their own resolution`(
    _ numbers: Numbers, _ outputs: Int
  ) throws {
    var random = SeededGenerator(seed: 3)
    let example = NarrowConvolutionCases.narrowed(
      UpsamplingSplitCases.example([(16, 2), (3, 1)], outputs: outputs), numbers, .float32, &random)
    let labels = try example.stepLabels()
    #expect(labels.contains { $0.hasSuffix("low resolution") }, "\(labels)")
    #expect(!labels.contains { $0.hasSuffix("widening") })
  }

  @Test func `widens pictures that the weights do not match`() throws {
    var random = SeededGenerator(seed: 4)
    let example = NarrowConvolutionCases.narrowed(
      UpsamplingSplitCases.example([(16, 1), (3, 1)], outputs: 8), .mixed, .float32, &random)
    #expect(try example.stepLabels().count { $0.hasSuffix("widening") } == 2)
  }

  @Test func `keeps sums that are too long for integers to the scalar meaning`() throws {
    var random = SeededGenerator(seed: 5)
    let channels = Arithmetic.longestIntegerSum + 1
    let operation = PartialConvolution(
      parts: [.init(isMasked: false, quantization: try Quantization(scale: 1, zeroPoint: 0))],
      convolution: Convolution())
    let example = OperationCase(
      operation: operation,
      operands: [
        .image(random.bytes([1, channels, 1, 1], as: .uint8)),
        .constant(random.bytes([1, channels, 1, 1], as: .int8)),
      ])
    #expect(
      try example.run(.preferred, threads: 1)
        == operation.evaluate(example.operands.map(\.tensor)))
  }

  /// Integer sums and what follows are exact, up to sigmoid and tanh; others may differ by the
  /// order of the sum and then by one stored step.
  private func expectStored(
    _ actual: Tensor, _ expected: Tensor, _ example: OperationCase, _ numbers: Numbers,
    _ comment: Comment
  ) {
    guard let operation = example.operation as? PartialConvolution,
      actual.elementType == expected.elementType, actual.shape == expected.shape
    else {
      Issue.record("another type or shape")
      return
    }
    let isSmooth = operation.activation == .sigmoid || operation.activation == .tanh
    if numbers == .integer8, !isSmooth {
      #expect(actual == expected, comment)
      return
    }
    let (values, wanted) = (actual.convertedToFloat32(), expected.convertedToFloat32())
    switch operation.storage {
    case .float32:
      #expect(
        largestDifference(values, wanted) <= 0x1p-22 * Float(example.depth).squareRoot(), comment)
    case .bfloat16:
      #expect(largestDifference(values, wanted) <= 0x1p-8, comment)
    case .quantized:
      let pairs = zip(values.floatArray, wanted.floatArray)
      #expect(pairs.allSatisfy { abs($0 - $1) <= 1 }, comment)
    }
  }
}
