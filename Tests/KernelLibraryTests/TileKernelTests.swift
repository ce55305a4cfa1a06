import GraphIR
import KernelLibrary
import TensorCore
import Testing

@Suite struct TileKernelTests {
  private static let matrixProducts = Arithmetic.allCases.flatMap(TileKernel.matrixProducts)

  @Test(arguments: matrixProducts)
  func `multiplies matrices of every size around its tile`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    let (m, n) = (kernel.rows, kernel.columns)
    for pixels in [1, m - 1, m, m + 1, 2 * m + 1, 37] {
      for outputs in [1, n / 2, n / 2 + 1, n - 1, n, n + 1, 2 * n, 41] {
        for channels in [1, 2, 3, 7, 16, 67] {
          try PixelProduct(pixels: pixels, channels: channels, outputs: outputs).check(kernel)
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
          try PixelProduct(pixels: pixels, channels: channels, outputs: outputs).check(kernel)
        }
      }
    }
  }

  @Test(arguments: matrixProducts + TileKernel.dotProducts)
  func `writes nothing beyond the channels that it computes`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    let outputs = min(kernel.columns, 3)
    let product = PixelProduct(pixels: 5, channels: 2, outputs: outputs)
    for storage in PixelProduct.storages {
      let result = try product.run(kernel, storage, stride: 7, filling: 0x5A)
      let size = storage.elementType.byteCount
      for place in result.indices where place / size % 7 >= outputs {
        #expect(result[place] == 0x5A, "\(storage)")
      }
    }
  }

  @Test(arguments: matrixProducts + TileKernel.dotProducts)
  func `stores bf16 and u8 as the narrowed f32`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    for outputs in [1, 3, kernel.columns / 2 + 1, kernel.columns] {
      let product = PixelProduct(pixels: 2 * kernel.rows - 1, channels: 5, outputs: outputs)
      let wide = try product.result(kernel, .float32)
      for storage in PixelProduct.storages.dropFirst() {
        #expect(
          try product.result(kernel, storage) == Narrow(to: storage).evaluate([wide])[0],
          "\(storage), \(outputs) outputs")
      }
    }
  }

  @Test(arguments: TileKernel.matrixProducts(.float32) + TileKernel.dotProducts)
  func `stores numbers out of range as the scalar meaning does`(_ kernel: TileKernel) throws {
    try skipUnsupported(kernel)
    let values: [Float] = [
      .nan, .infinity, -.infinity, 1e30, -1e30, 3e9, -3e9, .leastNonzeroMagnitude, 0.5, 1.5, 2.5,
      -0.5,
      0x1.0080p0, 0x1.0180p0, 255.5, 256,
    ]
    var product = PixelProduct(pixels: values.count, channels: 1, outputs: 1)
    product.picture = Tensor(values, shape: [1, 1, 1, values.count])
    product.weights = Tensor([1], shape: [1, 1, 1, 1])
    for storage in PixelProduct.storages.dropFirst() {
      let expected = Narrow(to: storage).evaluate([product.picture])[0]
      #expect(try product.result(kernel, storage) == expected, "\(storage)")
    }
  }

  private func skipUnsupported(_ kernel: TileKernel) throws {
    if !kernel.isSupported { try Test.cancel("this processor has no \(kernel.instructionSet)") }
  }
}
