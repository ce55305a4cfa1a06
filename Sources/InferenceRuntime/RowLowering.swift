import GraphIR
import KernelLibrary
import TensorCore

/// Runs a convolution of few input channels to few output channels row by row, and adds to it the
/// sums of taps that upsampled parts had at their own resolution.
struct RowLowering: PictureConvolution {
  /// Sums of taps in memory.
  struct TapSums: Sendable {
    let layout: ValueLayout
    let region: MemoryRegion
    /// What integer sums are multiplied by.
    let scale: Float
  }

  /// Of more channels, sums along channels are quicker: one tap alone makes less of a staged row.
  private static let mostChannels = (ofOneTap: 16, ofMoreTaps: 48)
  private static let largestScratch = 1 << 24

  let window: Window
  let parts: [ConvolutionLowering.Part]
  let output: ValueLayout
  let weights: RowWeights
  let arithmetic: Arithmetic
  let kernel: RowKernel
  var tapSums: TapSums?

  var scratchByteCount: Int { 0 }

  /// Whether rows compute a convolution with these weights `[O, C, kh, kw]` of all parts.
  static func applies(
    _ window: Window, weights: [Int], output: ValueLayout, _ arithmetic: Arithmetic
  ) -> Bool {
    applies(window, channels: weights[1], outputs: weights[0], arithmetic)
      && RowConvolution.scratchByteCount(
        ConvolutionShape(window, output), channels: weights[1], outputs: weights[0],
        tapSums: output.width) <= largestScratch
  }

  /// Whether rows compute a convolution whose window reaches no farther than others.
  static func applies(
    _ window: Window, channels: Int, outputs: Int, _ arithmetic: Arithmetic
  ) -> Bool {
    let taps = window.kernel[0] * window.kernel[1]
    let most = taps == 1 ? mostChannels.ofOneTap : mostChannels.ofMoreTaps
    return (1...RowKernel.maximumOutputCount).contains(outputs) && channels <= most
      && (arithmetic != .integer8 || RowConvolution.sumsIntegers(channels: channels, taps: taps))
  }

  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step] {
    let kernel = RowConvolution(
      ConvolutionShape(window, output), parts: ConvolutionLowering.parts(parts, sources),
      arithmetic,
      tapSums: tapSums.map { sums in
        var part = ConvolutionPart(sums.layout, sums.region)
        part.upsampling = 2
        return part
      },
      tapScale: tapSums?.scale ?? 1, weights: weights, kernel: kernel, epilogue: epilogue,
      output: region)
    let taps = weights.channels * weights.kernelSize[0] * weights.kernelSize[1]
    let pixelCount = pixels?.pixelCount ?? output.pixelCount
    let pieces = PixelPieces(
      pixels?.ranges() ?? [0..<output.pixelCount],
      wanted: context.pieces(pixelCount, elementsEach: taps / 8 + 8).count, unit: output.width)
    return [
      Step(
        label: context.label, algorithm: tapSums == nil ? "rows" : "split",
        pieceCount: pieces.count, scratchByteCount: kernel.scratchByteCount,
        multiplyAdds: pixelCount * weights.outputs * taps
      ) { piece, scratch in kernel.run(pixels: pieces[piece], scratch: scratch) }
    ]
  }
}
