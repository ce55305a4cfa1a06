import GraphIR
import KernelLibrary
import TensorCore
import Testing

/// A 1x1 convolution over a row of pixels, of the numbers that a kernel multiplies.
struct PixelProduct {
  let pixels: Int
  let channels: Int
  let outputs: Int
  /// `f32 [1, channels, 1, pixels]`.
  var picture: Tensor
  /// `f32 [outputs, channels, 1, 1]`.
  var weights: Tensor

  /// One of each type, `f32` first.
  static let storages: [PictureStorage] =
    [.float32, .bfloat16]
    + [(0.03, 0), (0.02, 100), (1, 255)].compactMap { scale, zeroPoint in
      (try? Quantization(scale: scale, zeroPoint: zeroPoint)).map(PictureStorage.quantized)
    }

  init(pixels: Int, channels: Int, outputs: Int) {
    (self.pixels, self.channels, self.outputs) = (pixels, channels, outputs)
    picture = Self.wave([1, pixels, 1, channels], step: 0.3).transposed([0, 3, 2, 1])
    weights = Self.wave([outputs, channels, 1, 1], step: 0.7)
  }

  private var quantization: Quantization? {
    try? Quantization(scale: 1 / 128, zeroPoint: [0, 1, 128, 255][(channels + outputs) % 4])
  }

  /// Compares with the scalar meaning: equal for integers, else within 2⁻²² · √channels of the
  /// largest value.
  func check(_ kernel: TileKernel) throws {
    let actual = try result(kernel, .float32).floatArray
    let (picture, weights) = operands(kernel.arithmetic)
    let isInteger = kernel.arithmetic == .integer8
    let expected = PartialConvolution(
      parts: [.init(isMasked: false, quantization: isInteger ? quantization : nil)],
      convolution: Convolution()
    ).evaluate([picture, weights])[0].floatArray
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let difference = zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    let limit = isInteger ? 0 : largest * 0x1p-22 * Float(channels).squareRoot()
    #expect(difference <= limit, "\(pixels) pixels, \(channels) channels, \(outputs) outputs")
  }

  /// The result as `[1, outputs, 1, pixels]`.
  func result(_ kernel: TileKernel, _ storage: PictureStorage) throws -> Tensor {
    let bytes = try run(kernel, storage, stride: outputs)
    return unsafe Tensor(elementType: storage.elementType, shape: [1, 1, pixels, outputs]) {
      unsafe $0.copyBytes(from: bytes)
    }.transposed([0, 3, 1, 2])
  }

  /// The bytes of `[pixels, stride]` results, which are `filling` before.
  func run(
    _ kernel: TileKernel, _ storage: PictureStorage, stride: Int, filling: UInt8 = 0
  ) throws -> [UInt8] {
    let (picture, weights) = operands(kernel.arithmetic)
    let stored = picture.transposed([0, 2, 3, 1])
    let byteCount = pixels * stride * storage.elementType.byteCount
    let arena = try #require(Arena(byteCount: byteCount))
    unsafe arena.region.withBytes { bytes in
      for index in bytes.indices { unsafe bytes[index] = filling }
    }
    let scale = quantization.map { ByteScale(scale: $0.scale, zeroPoint: $0.zeroPoint) }
    let convolution = ConvolutionKernel(
      ConvolutionShape(
        kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], images: 1, height: 1,
        width: pixels),
      parts: [
        ConvolutionPart(
          pixels: stored.storage.region, channels: 0..<channels, pixelStride: channels, height: 1,
          width: pixels, scale: kernel.arithmetic == .integer8 ? scale : nil)
      ], weights: PackedWeights(weights, outputs: 0..<outputs, kernel: kernel),
      epilogue: Epilogue(storage: Self.resultStorage(storage)), output: arena.region,
      outputStride: stride)
    let scratch = try #require(Arena(byteCount: max(convolution.scratchByteCount, 64)))
    convolution.run(
      pixels: 0..<pixels, blocks: 0..<convolution.blockCount, scratch: scratch.region)
    return unsafe arena.region.withBytes { unsafe Array($0) }
  }

  private static func resultStorage(_ storage: PictureStorage) -> ResultStorage {
    switch storage {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .quantized(let quantization):
      .bytes(ByteScale(scale: quantization.scale, zeroPoint: quantization.zeroPoint))
    }
  }

  private func operands(_ arithmetic: Arithmetic) -> (picture: Tensor, weights: Tensor) {
    switch arithmetic {
    case .float32: return (picture, weights)
    case .bfloat16: return (picture.convertedToBFloat16(), weights.convertedToBFloat16())
    case .integer8:
      let stored = quantization.map { Narrow(to: .quantized($0)).evaluate([picture])[0] }
      let numbers = weights.floatArray.map { Int8($0 * 127) }
      let tensor = unsafe Tensor(elementType: .int8, shape: weights.shape) { bytes in
        for index in numbers.indices {
          unsafe bytes.storeBytes(of: numbers[index], toByteOffset: index, as: Int8.self)
        }
      }
      return (stored ?? picture, tensor)
    }
  }

  /// Values in -1...1.
  private static func wave(_ shape: [Int], step: Float) -> Tensor {
    var position: Float = 0
    let values = (0..<Tensor.elementCount(of: shape)).map { _ in
      position += step
      if position > 1 { position -= 2 }
      return position
    }
    return Tensor(values, shape: shape)
  }
}
