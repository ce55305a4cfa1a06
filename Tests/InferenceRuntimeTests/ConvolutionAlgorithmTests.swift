import GraphIR
import InferenceRuntime
import KernelLibrary
import Testing

/// Which algorithm the cost of each takes for layers of known networks.
@Suite struct ConvolutionAlgorithmTests {
  /// A layer of the full-width network on a picture of 512 rows and columns.
  struct Layer: Sendable, CustomTestStringConvertible {
    let name: String
    let skip: Int
    var upsampled = 0
    let outputs: Int
    let kernel: Int
    let stride: Int
    /// Rows and columns of the result.
    let size: Int
    /// Without a transform.
    let sums: String
    /// Of each tier, over `f32` pictures.
    let algorithms: [String]

    var testDescription: String { name }

    func algorithm(_ tier: NumericTier, _ arithmetic: Arithmetic = .float32) -> String {
      var parts = [PartialConvolution.Part(isMasked: true)]
      if upsampled > 0 { parts.append(.init(isMasked: true, upsampling: 2)) }
      let operation = PartialConvolution(
        parts: parts,
        convolution: Convolution(
          stride: [stride, stride], padding: [Int](repeating: kernel / 2, count: 4)),
        hasRatio: true, activation: .relu)
      return ConvolutionAlgorithm.cheapest(
        for: operation, weights: [outputs, skip + upsampled, kernel, kernel],
        channels: upsampled > 0 ? [skip, upsampled] : [skip], output: [1, outputs, size, size],
        arithmetic: arithmetic, tier: tier
      ).description
    }

    static func encoder(
      _ level: Int, _ skip: Int, _ outputs: Int, kernel: Int = 3, _ algorithms: String...
    ) -> Layer {
      Layer(
        name: "encoder \(level)", skip: skip, outputs: outputs, kernel: kernel, stride: 2,
        size: 512 >> level, sums: "direct", algorithms: algorithms)
    }

    static func decoder(
      _ level: Int, _ skip: Int, _ upsampled: Int, _ outputs: Int, _ algorithms: String...
    ) -> Layer {
      Layer(
        name: "decoder \(level)", skip: skip, upsampled: upsampled, outputs: outputs, kernel: 3,
        stride: 1, size: 2 << level, sums: "split", algorithms: algorithms)
    }
  }

  static let layers: [Layer] = [
    .encoder(1, 3, 64, kernel: 7, "direct", "f3x4", "f3x4"),
    .encoder(2, 64, 128, kernel: 5, "c4x3", "f4x3", "f6x3"),
    .encoder(3, 128, 256, kernel: 5, "c4x3", "f4x3", "f6x3"),
    .encoder(4, 256, 512, "f3x2", "f3x2", "f3x2"),
    .encoder(5, 512, 512, "f2x2", "f2x2", "f2x2"),
    .encoder(6, 512, 512, "direct", "direct", "direct"),
    .encoder(7, 512, 512, "direct", "direct", "direct"),
    .encoder(8, 512, 512, "direct", "direct", "direct"),
    .decoder(1, 512, 512, 512, "split", "split", "split"),
    .decoder(2, 512, 512, 512, "split", "split", "split"),
    .decoder(3, 512, 512, 512, "up2 + f2x3", "up2 + f4x3", "up2 + f4x3"),
    .decoder(4, 512, 512, 512, "up2 + c4x3", "up2 + f4x3", "up2 + f4x3"),
    .decoder(5, 256, 512, 256, "up2 + c4x3", "up2 + f4x3", "up3 + f6x3"),
    .decoder(6, 128, 256, 128, "up2 + c4x3", "up2 + f4x3", "up3 + f6x3"),
    .decoder(7, 64, 128, 64, "up2 + c4x3", "up2 + f4x3", "up3 + f6x3"),
  ]

  @Test(arguments: layers)
  func `takes the cheapest algorithm of the tier for each layer`(_ layer: Layer) {
    #expect(NumericTier.allCases.map { layer.algorithm($0) } == layer.algorithms)
  }

  @Test(arguments: layers)
  func `takes the forms of the tier before over bf16 pictures`(_ layer: Layer) {
    let expected = layer.skip % 2 == 0 ? [layer.sums] + layer.algorithms.dropLast() : [layer.sums]
    let tiers = NumericTier.allCases.prefix(expected.count)
    #expect(tiers.map { layer.algorithm($0, .bfloat16) } == expected)
  }

  @Test(arguments: layers)
  func `takes the forms of the tier before over 8-bit pictures`(_ layer: Layer) {
    let expected = layer.skip % 4 == 0 ? [layer.sums] + layer.algorithms.dropLast() : [layer.sums]
    let tiers = NumericTier.allCases.prefix(expected.count)
    #expect(tiers.map { layer.algorithm($0, .integer8) } == expected)
  }

  @Test(arguments: [(512, 1), (512, 4), (64, 4), (4, 224), (1, 512)])
  func `keeps small pictures and few channels direct`(_ channels: Int, _ size: Int) {
    for tier in NumericTier.allCases {
      let layer = Layer(
        name: "", skip: channels, outputs: channels, kernel: 3, stride: 1, size: size,
        sums: "direct", algorithms: [])
      #expect(layer.algorithm(tier) == "direct", "\(tier)")
    }
  }
}
