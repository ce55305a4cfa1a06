import Imaging
import TensorCore
import Testing

@Suite struct PictureTensorTests {
  @Test(arguments: [8, 16])
  func `keeps every sample through a tensor and back`(bitDepth: Int) {
    let every = Picture(
      width: 1 << bitDepth, height: 1, channels: 1, bitDepth: bitDepth,
      samples: (0..<(1 << bitDepth)).map { UInt16($0) })
    let tensor = every.tensor()
    #expect(tensor.shape == [1, 1, 1 << bitDepth, 3])
    let back = tensor.floatArray.map {
      Picture.sample(of: $0, maximumSample: every.maximumSample)
    }
    #expect(back == every.samples.flatMap { [$0, $0, $0] })
  }

  @Test func `scales to one, repeats grey and leaves alpha out`() {
    let grey = Picture(width: 2, height: 1, channels: 2, bitDepth: 8, samples: [51, 9, 255, 0])
    #expect(grey.tensor().floatArray == [0.2, 0.2, 0.2, 1, 1, 1])
    let color = Picture(
      width: 1, height: 1, channels: 4, bitDepth: 16, samples: [0, 13107, 65535, 1])
    #expect(color.tensor().floatArray == [0, 0.2, 1])
  }

  @Test func `clamps and rounds ties up`() {
    let values: [Float] = [
      -1, 1.5, .infinity, -.infinity, 0.5, 0.25, 0.5 / 255, .leastNonzeroMagnitude,
    ]
    let samples = values.map { Picture.sample(of: $0, maximumSample: 255) }
    #expect(samples == [0, 255, 255, 0, 128, 64, 1, 0])
    let below = (Float(0.5) / 255).nextDown
    #expect(Picture.sample(of: below, maximumSample: 255) == 0)
  }
}
