import KernelLibrary
import TensorCore
import Testing

@Suite struct ConvolutionAddendTests {
  @Test(arguments: TileKernel.matrixProducts(.float32) + TileKernel.dotProducts)
  func `adds stored sums, and nothing beyond their border`(_ kernel: TileKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
    for outputs in [1, 3, kernel.columns, kernel.columns + 1] where outputs <= limit(kernel) {
      let stride = outputs + 2
      let sums = Tensor(
        (0..<2 * 2 * 3 * stride).map { Float($0) * 0.37 }, shape: [2, 2, 3, stride])
      let first = ConvolutionAddend(
        sums: sums.storage.region, firstChannel: 2, pixelStride: stride, height: 2, width: 3,
        rows: [0, 0, 1, 1, -1], columns: [-1, 0, 0, 1, 1, 2, 2])
      var second = first
      second.firstChannel = 1
      second.rows = [-1, 0, 0, 1, 1]
      let result = try run(kernel, [first, second], outputs: outputs)
      for (place, value) in result.enumerated() {
        let (channel, pixel) = (place % outputs, place / outputs)
        let (column, row, image) = (pixel % 7, pixel / 7 % 5, pixel / 35)
        let terms = [first, second].map { addend -> Float in
          let (line, cell) = (Int(addend.rows[row]), Int(addend.columns[column]))
          guard line >= 0, cell >= 0 else { return 0 }
          let stored = ((image * 2 + line) * 3 + cell) * stride
          return sums.floats[stored + addend.firstChannel + channel]
        }
        #expect(value == terms[0] + terms[1])
      }
    }
  }

  /// Dot products have one block of output channels only.
  private func limit(_ kernel: TileKernel) -> Int {
    TileKernel.dotProducts.contains { $0.name == kernel.name } ? kernel.columns : .max
  }

  /// Runs a convolution without parts over two images of 5 by 7 pixels.
  private func run(
    _ kernel: TileKernel, _ addends: [ConvolutionAddend], outputs: Int
  ) throws -> [Float] {
    let arena = try #require(Arena(byteCount: 2 * 5 * 7 * outputs * 4))
    let weights = PackedWeights(
      Tensor([], shape: [outputs, 0, 1, 1]), outputs: 0..<outputs, kernel: kernel)
    let convolution = ConvolutionKernel(
      ConvolutionShape(
        kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0], images: 2, height: 5,
        width: 7),
      parts: [], addends: addends, weights: weights, epilogue: Epilogue(), output: arena.region,
      outputStride: outputs)
    let scratch = try #require(Arena(byteCount: max(convolution.scratchByteCount, 64)))
    convolution.run(
      pixels: 0..<70, blocks: 0..<convolution.blockCount, scratch: scratch.region)
    return unsafe arena.region.withBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }
}
