import GraphIR
import KernelLibrary
import TensorCore
import Testing

/// A masked 3x3 convolution over two pictures of few channels, with a border of one pixel.
struct RowProduct {
  private let arithmetic: Arithmetic
  private let operation: PartialConvolution
  private let picture: Tensor
  private let mask: Tensor
  private let weights: Tensor
  private let stride: Int

  /// `u8` numbers mean `(q - 77) / 128`.
  private static let scale = ByteScale(scale: 1 / 128, zeroPoint: 77)

  init(_ arithmetic: Arithmetic, width: Int, channels: Int, outputs: Int, stride: Int) {
    let height = 7
    self.arithmetic = arithmetic
    self.stride = stride
    let pixels = 2 * height * width
    let numbers = (0..<pixels * channels).map { Float($0 * 29 % 256) }
    mask = Tensor(
      (0..<pixels).map { [0, 1, 1, 0.3][$0 * 7 % 11 % 4] }, shape: [2, 1, height, width])
    let filters = (0..<outputs * channels * 9).map { Float($0 * 31 % 255 - 127) }
    let shapes = (picture: [2, channels, height, width], weights: [outputs, channels, 3, 3])
    switch arithmetic {
    case .float32:
      picture = Tensor(numbers.map { $0 / 131 - 1 }, shape: shapes.picture)
      weights = Tensor(filters.map { $0 / 120 }, shape: shapes.weights)
    case .bfloat16:
      picture = Tensor(numbers.map { $0 / 131 - 1 }, shape: shapes.picture).convertedToBFloat16()
      weights = Tensor(filters.map { $0 / 120 }, shape: shapes.weights).convertedToBFloat16()
    case .integer8:
      picture = Self.bytes(numbers.map { UInt8($0) }, .uint8, shapes.picture)
      weights = Self.bytes(
        filters.map { UInt8(bitPattern: Int8($0)) }, .int8, shapes.weights)
    }
    let quantization = try? Quantization(
      scale: Self.scale.scale, zeroPoint: Self.scale.zeroPoint)
    operation = PartialConvolution(
      parts: [.init(isMasked: true, quantization: arithmetic == .integer8 ? quantization : nil)],
      convolution: Convolution(stride: [stride, stride], padding: [1, 1, 1, 1]))
  }

  private static func bytes(_ values: [UInt8], _ type: ElementType, _ shape: [Int]) -> Tensor {
    unsafe Tensor(elementType: type, shape: shape) { unsafe $0.copyBytes(from: values) }
  }

  private var shape: ConvolutionShape {
    ConvolutionShape(
      kernel: [3, 3], stride: [stride, stride], dilation: [1, 1], padding: [1, 1], images: 2,
      height: (picture.shape[2] - 1) / stride + 1, width: (picture.shape[3] - 1) / stride + 1)
  }

  /// Output pixels of both images.
  var pixelCount: Int { shape.pixelCount }

  /// Compares with the scalar meaning: equal for integers, else within 2⁻²² · √products of the
  /// largest value.
  func check(_ kernel: RowKernel) throws {
    let expected = operation.evaluate([picture, mask, weights])[0].transposed([0, 2, 3, 1])
      .floatArray
    let actual = try run(kernel, [[0..<pixelCount]])
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let difference = zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    let products = Float(9 * picture.shape[1])
    let limit = arithmetic == .integer8 ? 0 : largest * 0x1p-22 * products.squareRoot()
    #expect(actual.count == expected.count && difference <= limit, "\(picture.shape) \(stride)")
  }

  /// The result as `[N, H, W, O]`, zeros but for the pixels of `calls`.
  func run(_ kernel: RowKernel, _ calls: [[Range<Int>]]) throws -> [Float] {
    let (stored, shape) = (picture.transposed([0, 2, 3, 1]), shape)
    let arena = try #require(Arena(byteCount: shape.pixelCount * weights.shape[0] * 4))
    let convolution = RowConvolution(
      shape,
      parts: [
        ConvolutionPart(
          pixels: stored.storage.region, mask: mask.storage.region,
          channels: 0..<picture.shape[1], pixelStride: picture.shape[1],
          height: picture.shape[2], width: picture.shape[3],
          scale: arithmetic == .integer8 ? Self.scale : nil)
      ], arithmetic, weights: RowWeights(weights), kernel: kernel, epilogue: Epilogue(),
      output: arena.region)
    let scratch = try #require(Arena(byteCount: convolution.scratchByteCount))
    for ranges in calls { convolution.run(pixels: ranges, scratch: scratch.region) }
    return unsafe arena.region.withBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }
}
