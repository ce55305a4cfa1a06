import GraphIR
import InferenceRuntime
import KernelLibrary
import TensorCore
import Testing

@Suite struct TransformTests {
  @Test(arguments: TransformCases.all)
  func `agrees with the scalar meaning in every form that applies`(
    _ example: OperationCase
  ) throws {
    let expected = example.operation.evaluate(example.operands.map(\.tensor))[0]
    for transform in try example.transforms() {
      let limit = transform.terms.map { Self.limit($0.form.points) }.max() ?? 0
      for kernels in KernelTable.supported {
        let actual = try example.run(
          kernels, threads: 3, tier: .fast, transform: transform.name)[0]
        #expect(actual.shape == expected.shape)
        let difference = largestDifference(actual, expected)
        #expect(difference <= limit, "\(kernels), \(transform.name)")
      }
    }
  }

  /// The largest difference that rounding at these points may make, of the largest value.
  private static func limit(_ points: TransformForm.Points) -> Float {
    switch points {
    case .units: 2e-6
    case .roots: 1e-5
    case .powers: 4e-5
    }
  }

  /// Rounding data, weights and result to 8 bits each, in two dimensions; the roots make values
  /// of several sizes.
  @Test(arguments: TransformCases.narrow)
  func `agrees with the scalar meaning over bf16 pictures`(_ example: OperationCase) throws {
    let expected = example.operation.evaluate(example.operands.map(\.tensor))[0]
    for transform in try example.transforms() {
      let onlyAdds = transform.terms.allSatisfy { $0.form.points == .units }
      for kernels in KernelTable.supported {
        let actual = try example.run(
          kernels, threads: 3, tier: .fast, transform: transform.name)[0]
        #expect(actual.shape == expected.shape && actual.elementType == expected.elementType)
        let difference = largestDifference(
          actual.convertedToFloat32(), expected.convertedToFloat32())
        #expect(difference <= (onlyAdds ? 0x1p-6 : 0x1p-5), "\(kernels), \(transform.name)")
      }
    }
  }

  /// Noise is the worst to round to 8 bits: its values are of one size at all points. What rounding
  /// adds follows the sizes of the terms, not of their sum.
  @Test(arguments: TransformCases.bytes)
  func `agrees with the scalar meaning over u8 pictures`(_ example: OperationCase) throws {
    let expected = example.operation.evaluate(example.operands.map(\.tensor))[0]
    let largest = try example.withMagnitudes().evaluated().floatArray.reduce(0, max)
    for transform in try example.transforms() {
      let onlyAdds = transform.terms.allSatisfy { $0.form.points == .units }
      for kernels in KernelTable.supported {
        let actual = try example.run(
          kernels, threads: 3, tier: .fast, transform: transform.name)[0]
        #expect(actual.shape == expected.shape && actual.elementType == expected.elementType)
        let difference = zip(
          actual.convertedToFloat32().floatArray, expected.convertedToFloat32().floatArray
        ).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let limit = largest * (onlyAdds ? 0x1p-7 : 0x1p-5)
        #expect(difference <= limit, "\(kernels), \(transform.name)")
      }
    }
  }

  @Test(arguments: TransformCases.stored)
  func `stores bf16 and u8 as the narrowed f32`(_ example: OperationCase) throws {
    let operation = try #require(example.operation as? PartialConvolution)
    var wide = operation
    wide.storage = .float32
    for transform in try example.transforms() {
      for kernels in KernelTable.supported {
        let run = { (operation: PartialConvolution) in
          try OperationCase(operation: operation, operands: example.operands).run(
            kernels, threads: 2, tier: .fast, transform: transform.name)
        }
        #expect(try run(operation) == Narrow(to: operation.storage).evaluate(run(wide)))
      }
    }
  }

  @Test(arguments: TransformCases.wide + TransformCases.wideBytes)
  func `gives the same bits on any number of threads`(_ example: OperationCase) throws {
    for transform in try example.transforms() {
      for kernels in KernelTable.supported {
        let run = { (threads: Int) in
          try example.run(kernels, threads: threads, tier: .fast, transform: transform.name)
        }
        let one = try run(1)
        for threads in [2, 3, 7] { #expect(try run(threads) == one, "\(transform.name)") }
      }
    }
  }

  @Test(arguments: TransformCases.masked + TransformCases.wideBytes)
  func `reads nothing where a mask is zero`(_ example: OperationCase) throws {
    let broken = example.breakingHoles()
    for transform in try example.transforms() {
      for kernels in KernelTable.supported {
        let expected = try example.run(
          kernels, threads: 2, tier: .fast, transform: transform.name)
        let actual = try broken.run(kernels, threads: 2, tier: .fast, transform: transform.name)
        #expect(actual == expected, "\(kernels), \(transform.name)")
      }
    }
  }

  @Test(arguments: TransformCases.blank)
  func `takes windows of zeros for what they are`(_ example: OperationCase) throws {
    let expected = example.operation.evaluate(example.operands.map(\.tensor))[0]
    for transform in try example.transforms() {
      for kernels in KernelTable.supported {
        let actual = try example.run(
          kernels, threads: 2, tier: .fast, transform: transform.name)[0]
        #expect(largestDifference(actual, expected) <= 4e-5, "\(kernels), \(transform.name)")
      }
    }
  }

  @Test func `keeps to the points of the tier`() throws {
    let example = TransformCases.example([(64, 1)], outputs: 64, kernel: 3, size: [64, 64])
    #expect(try example.algorithms(tier: .exact) == ["c4x3"])
    #expect(try example.algorithms(tier: .near) == ["f4x3"])
    #expect(try example.algorithms(tier: .fast) == ["f6x3"])
    #expect(try example.algorithms(tier: .exact, transform: "f4x3") == ["c4x3"])
    #expect(try example.algorithms(tier: .near, transform: "f6x3") == ["f4x3"])
  }

  @Test(arguments: TransformCases.kept)
  func `keeps a convolution as it is where no form applies`(_ example: OperationCase) throws {
    #expect(try example.transforms() == [])
  }

  @Test func `keeps bf16 and u8 pictures whose channels fill no groups as they are`() throws {
    let example = TransformCases.example([(17, 1)], outputs: 32, kernel: 3, size: [8, 8])
    let operation = try #require(example.operation as? PartialConvolution)
    for (channels, numbers) in [(17, Arithmetic.bfloat16), (18, .integer8)] {
      let window = operation.convolution.window(kernelShape: [32, channels, 3, 3])
      let found = operation.transforms(
        window: window, channels: [channels], arithmetic: numbers, tier: .fast)
      #expect(found == [])
    }
  }

  @Test func `keeps bf16 pictures to the points of the tier before`() throws {
    var random = SeededGenerator(seed: 6)
    let example = NarrowConvolutionCases.narrowed(
      TransformCases.example([(64, 1)], outputs: 64, kernel: 3, size: [64, 64]), .bfloat16,
      .bfloat16, &random)
    #expect(try example.algorithms(tier: .exact) == ["direct"])
    #expect(try example.algorithms(tier: .near) == ["c4x3"])
    #expect(try example.algorithms(tier: .fast) == ["f4x3"])
    #expect(try example.algorithms(tier: .fast, transform: "f6x3") == ["f4x3"])
  }
}

extension OperationCase {
  /// Every transform that applies.
  fileprivate func transforms() throws -> [ConvolutionTransform] {
    let operation = try #require(operation as? PartialConvolution)
    let arguments = operation.arguments(operands.map(\.tensor.shape))
    return operation.transforms(
      window: operation.convolution.window(kernelShape: arguments.weights),
      channels: arguments.pictures.map { $0[1] }, arithmetic: numbers, tier: .fast)
  }

  private var numbers: Arithmetic {
    switch operands[0].tensor.elementType {
    case .bfloat16: .bfloat16
    case .uint8: .integer8
    default: .float32
    }
  }

  fileprivate func evaluated() -> Tensor { operation.evaluate(operands.map(\.tensor))[0] }

  /// The same case over the magnitudes of its `u8` pictures, its weights and its biases, in `f32`.
  fileprivate func withMagnitudes() throws -> OperationCase {
    var operation = try #require(operation as? PartialConvolution)
    var operands = operands
    let places = operation.arguments(Array(operands.indices))
    for (index, place) in places.pictures.enumerated() {
      let meaning = try #require(operation.parts[index].quantization)
      operands[place] = .image(
        operands[place].tensor.magnitudes { ($0 - Float(meaning.zeroPoint)) * meaning.scale })
      operation.parts[index].quantization = nil
    }
    for place in [places.weights] + places.biases.map(\.vector) {
      operands[place] = .constant(operands[place].tensor.magnitudes { $0 })
    }
    operation.storage = .float32
    return OperationCase(operation: operation, operands: operands, depth: depth)
  }

  /// The same case with other bytes, or values that are not numbers, in the pictures' holes.
  fileprivate func breakingHoles() -> OperationCase {
    guard let operation = operation as? PartialConvolution else { return self }
    var broken = operands
    var next = 0
    for part in operation.parts {
      defer { next += part.isMasked ? 2 : 1 }
      guard part.isMasked else { continue }
      let (picture, mask) = (operands[next].tensor, operands[next + 1].tensor.floatArray)
      let area = picture.shape[2] * picture.shape[3]
      let isHole = { index in
        mask[index / (area * picture.shape[1]) * area + index % area] == 0
      }
      broken[next] = .image(
        picture.elementType == .uint8
          ? picture.invertingBytes(where: isHole) : picture.breakingFloats(where: isHole))
    }
    return OperationCase(operation: operation, operands: broken, depth: depth)
  }
}

extension Tensor {
  fileprivate func breakingFloats(where isBroken: (Int) -> Bool) -> Tensor {
    Tensor(floatArray.enumerated().map { isBroken($0) ? Float.nan : $1 }, shape: shape)
  }

  fileprivate func magnitudes(_ meaning: (Float) -> Float) -> Tensor {
    Tensor(convertedToFloat32().floatArray.map { abs(meaning($0)) }, shape: shape)
  }

  fileprivate func invertingBytes(where isBroken: (Int) -> Bool) -> Tensor {
    let bytes = bytes
    return unsafe Tensor(elementType: elementType, shape: shape) { inverted in
      for index in 0..<elementCount {
        let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        unsafe inverted[index] = isBroken(index) ? ~byte : byte
      }
    }
  }
}
