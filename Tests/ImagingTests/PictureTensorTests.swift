import Imaging
import TensorCore
import Testing

@Suite struct PictureTensorTests {
  @Test(arguments: [8, 16])
  func `keeps every sample through a tensor and back`(bitDepth: Int) throws {
    let every = Picture(
      width: 1 << bitDepth, height: 1, channels: 1, bitDepth: bitDepth,
      samples: (0..<(1 << bitDepth)).map { UInt16($0) })
    let tensor = every.tensor()
    #expect(tensor.shape == [1, 1, 1 << bitDepth, 3])
    let back = try Picture(tensor: tensor, bitDepth: bitDepth)
    #expect(back.channels == 3 && back.bitDepth == bitDepth)
    #expect(back.samples == every.samples.flatMap { [$0, $0, $0] })
  }

  @Test func `scales to one, repeats grey and leaves alpha out`() {
    let grey = Picture(width: 2, height: 1, channels: 2, bitDepth: 8, samples: [51, 9, 255, 0])
    #expect(grey.tensor().floatArray == [0.2, 0.2, 0.2, 1, 1, 1])
    let color = Picture(
      width: 1, height: 1, channels: 4, bitDepth: 16, samples: [0, 13107, 65535, 1])
    #expect(color.tensor().floatArray == [0, 0.2, 1])
  }

  @Test func `clamps and rounds ties up`() throws {
    let values: [Float] = [-1, 1.5, .infinity, -.infinity, 0.5, 0.25]
    let picture = try Picture(tensor: Tensor(values, shape: [1, 2, 3, 1]), bitDepth: 8)
    #expect(picture.samples == [0, 255, 255, 0, 128, 64])
    #expect(picture.width == 3 && picture.height == 2 && picture.channels == 1)
  }

  @Test func `rejects a NaN and a shape that is no picture`() {
    expectRefusal(.corrupt) {
      _ = try Picture(tensor: Tensor([0, .nan], shape: [1, 1, 2, 1]), bitDepth: 8)
    }
    for shape in [[1, 2, 2], [2, 1, 1, 2], [1, 1, 1, 5], [1, 0, 3, 3], [4]] {
      let zeros = Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
      expectRefusal(.unsupported) { _ = try Picture(tensor: zeros, bitDepth: 8) }
    }
  }
}
