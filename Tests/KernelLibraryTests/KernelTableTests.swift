import GraphIR
import KernelLibrary
import TensorCore
import Testing

@Suite struct KernelTableTests {
  @Test func `ends every family with the scalar row`() {
    #expect(TileKernel.matrixProducts.last?.instructionSet == "scalar")
    #expect(TileKernel.dotProducts.last?.instructionSet == "scalar")
    #expect(KernelTable.supported.last?.instructionSet == "scalar")
  }

  @Test func `prefers a row that this processor runs`() {
    #expect(KernelTable.preferred.matrixProduct.isSupported)
    #expect(KernelTable.preferred.dotProduct.isSupported)
  }
}

@Suite struct TileKernelTests {
  @Test(arguments: TileKernel.matrixProducts)
  func `multiplies matrices of every size around its tile`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    let (m, n) = (kernel.rows, kernel.columns)
    for pixels in [1, m - 1, m, m + 1, 2 * m + 1, 37] {
      for outputs in [1, n / 2, n / 2 + 1, n - 1, n, n + 1, 2 * n, 41] {
        for channels in [1, 7, 16] {
          try check(kernel, pixels: pixels, channels: channels, outputs: outputs)
        }
      }
    }
  }

  @Test(arguments: TileKernel.dotProducts)
  func `takes dot products of every size around its tile`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    for pixels in [1, kernel.rows, kernel.rows + 1, 23] {
      for outputs in 1...kernel.columns {
        for channels in [1, 7, 8, 9, 15, 16, 17, 31, 32, 67] {
          try check(kernel, pixels: pixels, channels: channels, outputs: outputs)
        }
      }
    }
  }

  @Test(arguments: TileKernel.matrixProducts + TileKernel.dotProducts)
  func `writes nothing beyond the channels that it computes`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    let outputs = min(kernel.columns, 3)
    let arena = try #require(Arena(byteCount: 5 * 7 * 4))
    arena.region.fill(-7)
    let result = Tensor(
      run(kernel, pixels: 5, channels: 2, outputs: outputs, in: arena, stride: 7),
      shape: [5, 7])
    for pixel in 0..<5 {
      for channel in outputs..<7 { #expect(result.floats[pixel * 7 + channel] == -7) }
    }
  }

  private func skipUnsupported(_ kernel: TileKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
  }

  /// Compares a 1x1 convolution with its scalar meaning, within 2⁻²² · √channels of the largest
  /// value.
  private func check(_ kernel: TileKernel, pixels: Int, channels: Int, outputs: Int) throws {
    let arena = try #require(Arena(byteCount: pixels * outputs * 4))
    let actual = run(
      kernel, pixels: pixels, channels: channels, outputs: outputs, in: arena, stride: outputs)
    let weights = wave([outputs, channels, 1, 1], step: 0.7)
    let expected = Convolution().evaluate([
      wave([1, pixels, 1, channels], step: 0.3).transposed([0, 3, 2, 1]), weights,
    ])[0].transposed([0, 2, 3, 1]).floatArray
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let difference = zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(
      difference <= largest * 0x1p-22 * Float(channels).squareRoot(),
      "\(pixels) pixels, \(channels) channels, \(outputs) outputs")
  }

  private func run(
    _ kernel: TileKernel, pixels: Int, channels: Int, outputs: Int, in arena: Arena, stride: Int
  ) -> [Float] {
    let picture = wave([pixels, channels], step: 0.3)
    let weights = PackedWeights(
      wave([outputs, channels, 1, 1], step: 0.7), outputs: 0..<outputs, kernel: kernel)
    let convolution = ConvolutionKernel(
      ConvolutionShape(
        kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], images: 1, height: 1,
        width: pixels),
      parts: [
        ConvolutionPart(
          pixels: picture.storage.region, channels: 0..<channels, pixelStride: channels, height: 1,
          width: pixels)
      ], weights: weights, epilogue: Epilogue(), output: arena.region, outputStride: stride)
    var scratch = [UInt8](repeating: 0, count: convolution.scratchByteCount + 64)
    unsafe scratch.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let region = unsafe MemoryRegion(
        base: base.alignedUp(toMultipleOf: 64), byteCount: convolution.scratchByteCount)
      convolution.run(pixels: 0..<pixels, blocks: 0..<convolution.blockCount, scratch: region)
    }
    return unsafe arena.region.withBytes { bytes in
      unsafe Array(bytes.bindMemory(to: Float.self))
    }
  }

  private func wave(_ shape: [Int], step: Float) -> Tensor {
    var position: Float = 0
    let values = (0..<Tensor.elementCount(of: shape)).map { _ in
      position += step
      if position > 1 { position -= 2 }
      return position
    }
    return Tensor(values, shape: shape)
  }
}
