import GraphIR
import TensorCore
import Testing

@Suite struct NarrowPartialConvolutionTests {
  private func bytes(_ values: [UInt8], _ type: ElementType, shape: [Int]) -> Tensor {
    unsafe Tensor(elementType: type, shape: shape) { target in
      for index in values.indices { unsafe target[index] = values[index] }
    }
  }

  @Test func `sums quantised parts as integers and scales each by its own`() throws {
    let low = try Quantization(scale: 0.5, zeroPoint: 10)
    let high = try Quantization(scale: 0.25, zeroPoint: 0)
    let operation = PartialConvolution(
      parts: [
        .init(isMasked: true, quantization: low), .init(isMasked: false, quantization: high),
      ],
      convolution: Convolution(), hasScale: true)
    let inputs = [
      bytes([12, 9], .uint8, shape: [1, 1, 1, 2]), Tensor([1, 0], shape: [1, 1, 1, 2]),
      bytes([8, 4], .uint8, shape: [1, 1, 1, 2]),
      bytes([3, 0xFE], .int8, shape: [1, 2, 1, 1]), Tensor([10], shape: [1]),
    ]
    #expect(try operation.resultTypes(inputs.map(Self.imageType))[0].elementType == .float32)
    let result = operation.evaluate(inputs)[0]
    #expect(result.floatArray == [10 * (0.5 * 6 + 0.25 * -16), 10 * (0.25 * -8)])
  }

  @Test func `rounds what a fractional mask leaves of a quantised pixel`() throws {
    let operation = PartialConvolution(
      parts: [.init(isMasked: true, quantization: try Quantization(scale: 1, zeroPoint: 0))],
      convolution: Convolution())
    let inputs = [
      bytes([5, 7], .uint8, shape: [1, 1, 1, 2]), Tensor([0.5, 0.5], shape: [1, 1, 1, 2]),
      bytes([1], .int8, shape: [1, 1, 1, 1]),
    ]
    #expect(operation.evaluate(inputs)[0].floatArray == [2, 4])
  }

  @Test func `widens i8 weights over f32 pictures`() throws {
    let operation = PartialConvolution(
      parts: [.init(isMasked: false)], convolution: Convolution(), hasScale: true)
    let inputs = [
      Tensor([0.5], shape: [1, 1, 1, 1]), bytes([0x81], .int8, shape: [1, 1, 1, 1]),
      Tensor([2], shape: [1]),
    ]
    #expect(operation.evaluate(inputs)[0].floatArray == [-127])
  }

  @Test func `stores its result in bf16 or quantised`() throws {
    let picture = Tensor([1.00390625, -3, 200.4], shape: [1, 1, 1, 3])
    let weights = Tensor([1], shape: [1, 1, 1, 1])
    var operation = PartialConvolution(
      parts: [.init(isMasked: false)], convolution: Convolution(), storage: .bfloat16)
    #expect(
      operation.evaluate([picture, weights])[0].convertedToFloat32().floatArray == [1, -3, 200])
    operation.storage = .quantized(try Quantization(scale: 0.5, zeroPoint: 4))
    let stored = operation.evaluate([picture, weights])[0]
    #expect(stored.elementType == .uint8)
    #expect(stored.convertedToFloat32().floatArray == [6, 0, 255])
  }

  @Test func `narrows as a fused result does`() throws {
    let picture = Tensor([0.25, .nan, -1], shape: [1, 1, 1, 3])
    let storage = PictureStorage.quantized(try Quantization(scale: 0.1, zeroPoint: 3))
    #expect(
      Narrow(to: storage).evaluate([picture])[0].convertedToFloat32().floatArray == [5, 0, 0])
    let half = Narrow(to: .bfloat16).evaluate([picture])[0].convertedToFloat32().floatArray
    #expect(half[0] == 0.25 && half[1].isNaN && half[2] == -1)
  }

  @Test func `rejects a u8 picture without a quantisation and one for an f32 picture`() throws {
    let quantized = try PartialConvolution.Part(
      isMasked: false, quantization: Quantization(scale: 1, zeroPoint: 0))
    let weights = Tensor([1], shape: [1, 1, 1, 1])
    for (part, type) in [(quantized, ElementType.float32), (.init(isMasked: false), .uint8)] {
      let picture = ValueType(
        type, [.fixed(1), .fixed(1), .fixed(2), .fixed(2)], layout: .nchw)
      let operation = PartialConvolution(parts: [part], convolution: Convolution())
      #expect(throws: GraphError.self) {
        try operation.resultTypes([picture, ValueType(of: weights)])
      }
    }
  }

  @Test(arguments: [(Float(0), 0), (-1, 0), (.infinity, 0), (1, -1), (1, 256), (.leastNonzeroMagnitude, 3)])
  func `rejects quantisations without meaning`(scale: Float, zeroPoint: Int) {
    #expect(throws: GraphError.self) { try Quantization(scale: scale, zeroPoint: zeroPoint) }
  }

  private static func imageType(_ tensor: Tensor) -> ValueType {
    var type = ValueType(of: tensor)
    if tensor.shape.count == 4, tensor.elementType != .int8 { type.layout = .nchw }
    return type
  }
}
