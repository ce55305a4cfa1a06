import GraphIR
import TensorCore
import Testing

@Suite struct PartialConvolution3DTests {
  private let shape = [2, 2, 3, 4, 4]

  private func values(_ shape: [Int], _ value: (Int) -> Float) -> Tensor {
    Tensor((0..<Tensor.elementCount(of: shape)).map(value), shape: shape)
  }

  /// Zeros in the first two columns of the second volume, so that some windows see nothing.
  private var mask: Tensor {
    values(shape) { index in
      index >= 96 && index % 4 < 2 ? 0 : index * 7 % 5 > 1 ? 1 : 0
    }
  }

  @Test func `renormalises volumes as PyTorch computes NVIDIA's layer`() {
    let operation = PartialConvolution3D(stride: [1, 2, 1], padding: [0, 1, 1], hasBias: true)
    let results = operation.evaluate([
      values(shape) { Float($0 % 11 - 5) / 4 }, mask,
      values([2, 2, 2, 3, 3]) { Float($0 % 7 - 3) / 8 }, Tensor([0.5, -0.25], shape: [2]),
    ])
    let first: [Float] = [
      0.625, -1.267857, -1.525, 2.4125, 6.205358, 2.214286, 0.232143, -1.428572, 0.725, 0.95, 3.35,
      3.3125, -2.955357, -0.892857, -0.318182, 0.95,
    ]
    let last: [Float] = [
      0, 3.8, 2.9, -0.1375, 0, 1.357143, 2.525, 4.4, 0, -4.75, -5.625, -4.75, 0, 2.5625, -1.45,
      -3.25,
    ]
    #expect(results.map(\.shape) == [[2, 2, 2, 2, 4], [2, 2, 2, 2, 4]])
    let output = results[0].floatArray
    for (found, expected) in zip(Array(output.prefix(16)) + output.suffix(16), first + last) {
      #expect(abs(found - expected) <= 2e-6)
    }
    let updated = [Float](results[1].floatArray.suffix(16))
    #expect(updated == [0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1])
  }

  @Test func `rejects kernels, masks and sizes that do not fit`() {
    let operation = PartialConvolution3D()
    func fault(_ shapes: [Int]...) -> GraphError.Code? {
      let types = shapes.map { ValueType(.float32, $0.map(Dimension.fixed), layout: .plain) }
      do throws(GraphError) {
        _ = try operation.resultTypes(types)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(fault([1, 2, 3, 4, 4], [1, 2, 3, 4, 4], [2, 2, 2, 3, 3]) == nil)
    #expect(fault([1, 2, 3, 4, 4], [1, 1, 3, 4, 4], [2, 2, 2, 3, 3]) == .badShape)
    #expect(fault([1, 2, 3, 4, 4], [1, 2, 3, 4, 4], [2, 3, 2, 3, 3]) == .badShape)
    #expect(fault([1, 2, 1, 4, 4], [1, 2, 1, 4, 4], [2, 2, 2, 3, 3]) == .badShape)
    #expect(fault([1, 2, 3, 4, 4], [1, 2, 3, 4, 4]) == .badInputCount)
  }
}
