import KernelLibrary

/// A convolution cut into pieces of pixels and blocks of output channels.
struct ConvolutionPieces: Sendable {
  /// Weights of one piece that stay in the second-level cache beside the pictures.
  private static let nearWeightByteCount = 1 << 19

  private let kernel: ConvolutionKernel
  private let pixels: PixelPieces
  private let blocks: PieceRanges
  private let isWeightBound: Bool
  private let multiplyAdds: Int

  /// - Parameters:
  ///   - pixels: the output pixels to compute; all when nil.
  ///   - inputByteCount: bytes of the pictures that `kernel` reads.
  init(
    _ kernel: ConvolutionKernel, _ shape: ConvolutionShape, pixels wanted: PixelSet?,
    weights: PackedWeights, inputByteCount: Int, threadCount: Int
  ) {
    self.kernel = kernel
    let panelBytes = max(weights.byteCount / kernel.blockCount, 1)
    blocks = PieceRanges(
      kernel.blockCount,
      wanted: Self.blockPieces(
        kernel.blockCount, together: max(Self.nearWeightByteCount / panelBytes, 1),
        tiles: shape.pixelCount / kernel.tileRows, threads: threadCount))
    pixels = PixelPieces(
      wanted?.ranges() ?? [0..<shape.pixelCount], wanted: max(threadCount * 32 / blocks.count, 1),
      unit: kernel.tileRows)
    isWeightBound = weights.byteCount > inputByteCount
    multiplyAdds =
      (wanted?.pixelCount ?? shape.pixelCount) * weights.outputs * weights.channels
      * weights.kernelSize[0]
      * weights.kernelSize[1]
  }

  private var count: Int { pixels.count * blocks.count }

  private func run(_ piece: Int, scratch: MemoryRegion) {
    let (range, block) =
      isWeightBound
      ? (piece % pixels.count, piece / pixels.count)
      : (piece / blocks.count, piece % blocks.count)
    for pixels in pixels[range] {
      kernel.run(pixels: pixels, blocks: blocks[block], scratch: scratch)
    }
  }

  /// One step that runs `convolutions`, which write different memory, side by side: each is as far
  /// as the others, so that they find common pictures in a near cache.
  static func step(
    label: String, _ algorithm: ConvolutionAlgorithm, _ convolutions: [ConvolutionPieces]
  ) -> Step {
    let order = convolutions.flatMap { convolution in
      (0..<convolution.count).map {
        (convolution, piece: $0, progress: Double($0) / Double(convolution.count))
      }
    }.sorted { $0.progress < $1.progress }
    return Step(
      label: label, algorithm: algorithm.description, pieceCount: order.count,
      scratchByteCount: convolutions.map(\.kernel.scratchByteCount).max() ?? 0,
      multiplyAdds: convolutions.reduce(0) { $0 + $1.multiplyAdds }
    ) { piece, scratch in
      order[piece].0.run(order[piece].piece, scratch: scratch)
    }
  }

  /// Into how many pieces the blocks of channels are cut: as few as keep the weights of one piece
  /// in the cache of a processor, unless a small picture has too few tiles to occupy all threads.
  private static func blockPieces(
    _ blockCount: Int, together: Int, tiles: Int, threads: Int
  ) -> Int {
    tiles < threads * 16 ? blockCount : (blockCount + together - 1) / together
  }
}
