import GraphIR
import KernelLibrary
import TensorCore
import Testing

@Suite struct RowConvolutionTests {
  @Test(arguments: RowKernel.all, Arithmetic.allCases)
  func `computes rows of every length around its vectors`(
    _ kernel: RowKernel, _ arithmetic: Arithmetic
  ) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    for width in [1, 3, 4, 5, 15, 16, 17, 33, 64, 65, 129] {
      for outputs in 1...RowKernel.maximumOutputCount {
        for stride in 1...2 {
          try RowProduct(
            arithmetic, width: width, channels: [1, 3, 5][width % 3], outputs: outputs,
            stride: stride
          ).check(kernel)
        }
      }
    }
  }

  @Test(arguments: RowKernel.all, Arithmetic.allCases)
  func `gives the same bits however pixels are cut into pieces`(
    _ kernel: RowKernel, _ arithmetic: Arithmetic
  ) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    let product = RowProduct(arithmetic, width: 37, channels: 3, outputs: 3, stride: 1)
    let whole = try product.run(kernel, cuts: [])
    for cuts in [[1], [37, 74], [5, 9, 50, 120], Array(1..<product.pixelCount)] {
      #expect(try product.run(kernel, cuts: cuts) == whole)
    }
  }

  @Test(arguments: RowKernel.all)
  func `adds the sums of the taps under its window`(_ kernel: RowKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    for outputs in 1...RowKernel.maximumOutputCount {
      for (height, width) in [(1, 1), (2, 3), (3, 19)] {
        let channels = 9 * outputs
        let sums = (0..<2 * height * width * channels).map { Float($0 * 37 % 1001) }
        let actual = try tapSums(
          kernel, Tensor(sums, shape: [2, height, width, channels]), outputs: outputs)
        for (place, value) in actual.enumerated() {
          let (output, pixel) = (place % outputs, place / outputs)
          let (column, line) = (pixel % (2 * width), pixel / (2 * width))
          let (row, image) = (line % (2 * height), line / (2 * height))
          var expected: Float = 0
          for tap in 0..<9 {
            let (y, x) = (row + tap / 3 - 1, column + tap % 3 - 1)
            guard (0..<2 * height).contains(y), (0..<2 * width).contains(x) else { continue }
            let stored = (image * height + y / 2) * width + x / 2
            expected += sums[stored * channels + tap * outputs + output]
          }
          #expect(value == expected)
        }
      }
    }
  }

  /// Runs a convolution without parts over two images, twice as high and wide as `sums`.
  private func tapSums(_ kernel: RowKernel, _ sums: Tensor, outputs: Int) throws -> [Float] {
    let (height, width) = (sums.shape[1], sums.shape[2])
    let arena = try #require(Arena(byteCount: 2 * 4 * height * width * outputs * 4))
    let convolution = RowConvolution(
      ConvolutionShape(
        kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: [1, 1], images: 2,
        height: 2 * height, width: 2 * width),
      parts: [],
      tapSums: ConvolutionPart(
        pixels: sums.storage.region, channels: 0..<9 * outputs, pixelStride: 9 * outputs,
        height: height, width: width, upsampling: 2),
      weights: RowWeights(Tensor([], shape: [outputs, 0, 3, 3])), kernel: kernel,
      epilogue: Epilogue(), output: arena.region)
    let scratch = try #require(Arena(byteCount: convolution.scratchByteCount))
    convolution.run(pixels: 0..<8 * height * width, scratch: scratch.region)
    return unsafe arena.region.withBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }
}
