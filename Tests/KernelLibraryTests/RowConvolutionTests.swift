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
            arithmetic, width: width, channels: [1, 3, 8, 17, 33][width % 5], outputs: outputs,
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
    let count = product.pixelCount
    let whole = try product.run(kernel, [[0..<count]])
    for cuts in [[1], [37, 74], [5, 9, 50, 120], Array(1..<count)] {
      let ranges = zip([0] + cuts, cuts + [count]).map { $0..<$1 }
      #expect(try product.run(kernel, ranges.map { [$0] }) == whole)
      #expect(try product.run(kernel, [ranges]) == whole)
    }
  }

  @Test(arguments: RowKernel.all, 1...2)
  func `computes the wanted pixels alone`(_ kernel: RowKernel, _ stride: Int) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    let outputs = 2
    let product = RowProduct(.float32, width: 37, channels: 2, outputs: outputs, stride: stride)
    let whole = try product.run(kernel, [[0..<product.pixelCount]])
    for step in [3, 41, 100, product.pixelCount / 2 + 5] {
      let ranges = Swift.stride(from: 2, to: product.pixelCount, by: step).map {
        $0..<min($0 + step / 2, product.pixelCount)
      }
      let actual = try product.run(kernel, [ranges])
      for (place, value) in actual.enumerated() {
        let isWanted = ranges.contains { $0.contains(place / outputs) }
        #expect(value == (isWanted ? whole[place] : 0), "\(step), \(place)")
      }
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
    let count = 8 * height * width
    convolution.run(pixels: [0..<count / 3, count / 3..<count], scratch: scratch.region)
    return unsafe arena.region.withBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }
}
