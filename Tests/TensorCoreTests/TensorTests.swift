import TensorCore
import Testing

@Suite struct TensorTests {
  @Test func `transposes a kernel from height width in out to out in height width`() {
    let kernel = Tensor((0..<24).map(Float.init), shape: [1, 2, 3, 4])
    let transposed = kernel.transposed([3, 2, 0, 1])
    #expect(transposed.shape == [4, 3, 1, 2])
    #expect(transposed.floats[0] == 0)
    #expect(transposed.floats[1] == 12)
    #expect(transposed.floats[2] == 4)
    #expect(transposed.transposed([2, 3, 1, 0]) == kernel)
  }

  @Test func `widens every element type exactly`() {
    let halves = unsafe Tensor(elementType: .float16, shape: [2]) { bytes in
      unsafe bytes.storeBytes(of: Float16(1.5).bitPattern, as: UInt16.self)
      unsafe bytes.storeBytes(of: Float16(-2).bitPattern, toByteOffset: 2, as: UInt16.self)
    }
    #expect(halves.convertedToFloat32().floatArray == [1.5, -2])
    let brain = unsafe Tensor(elementType: .bfloat16, shape: [1]) { bytes in
      unsafe bytes.storeBytes(of: UInt16(0x3FC0), as: UInt16.self)
    }
    #expect(brain.convertedToFloat32().floatArray == [1.5])
  }

  @Test func `compares bits so that a NaN equals itself and zeros differ by sign`() {
    #expect(Tensor([.nan], shape: [1]) == Tensor([.nan], shape: [1]))
    #expect(Tensor([0], shape: [1]) != Tensor([-0.0], shape: [1]))
  }
}
