import KernelLibrary
import TensorCore

/// Runs a convolution in its transform domain.
///
/// A large picture is cut into blocks of tiles, whose data one thread transforms and multiplies at
/// once, near at hand. A small one has too few tiles for that: its data is transformed first, and
/// then blocks of tiles meet blocks of output channels, so that all threads read the same weights.
struct TransformLowering: PictureConvolution {
  /// Transformed data and products of a block of tiles that stay in the second-level cache.
  private static let nearByteCount = 640 << 10
  /// Transformed data and products of a block at most, where weights ask for a larger one.
  private static let farByteCount = 4 << 20
  /// Weights for each byte of data of a block of a large picture: they come from memory for every
  /// block, so the more there are, the larger it is.
  private static let weightsPerByte = 6
  /// Register tiles of a block of a small picture, however large its data: weights come from far,
  /// and meet all of them once they are near.
  private static let registerTilesPerWeight = 3
  /// Blocks of tiles for each thread that make a picture large.
  private static let manyBlocks = 8
  /// Blocks for each thread that are left where larger ones would do.
  private static let fewestBlocks = 4

  private let parts: [ConvolutionLowering.Part]
  private let output: ValueLayout
  private let weights: TransformWeights
  private let block: TransformBlock
  private let isLarge: Bool
  private let threadCount: Int
  private let tileCount: Int

  init(
    parts: [ConvolutionLowering.Part], output: ValueLayout, weights: TransformWeights,
    threadCount: Int
  ) {
    self.parts = parts
    self.output = output
    self.weights = weights
    self.threadCount = threadCount
    let transform = weights.transform
    let tiles =
      output.images * transform.tileCount(output.height) * transform.tileCount(output.width)
    let near = Self.block(weights, most: tiles, within: Self.nearByteCount)
    isLarge = tiles > near.tiles * (threadCount * Self.manyBlocks - 1)
    let far = Self.block(
      weights, most: tiles / (threadCount * Self.fewestBlocks),
      within: min(weights.byteCount / Self.weightsPerByte, Self.farByteCount))
    let columns = (output.channels + weights.kernel.columns - 1) / weights.kernel.columns
    let shared = min(
      Self.registerTilesPerWeight * TransformBlock.tileUnit(transform, kernel: weights.kernel),
      tiles * columns / (threadCount * Self.fewestBlocks))
    let largest = max(near.tiles, isLarge ? far.tiles : shared)
    let pieces = (tiles + largest - 1) / largest
    block = TransformBlock(
      transform, tiles: (tiles + pieces - 1) / pieces, kernel: weights.kernel)
    tileCount = tiles
  }

  /// Tiles in whole register tiles: as many as fit, but no unit more than `most`.
  private static func block(
    _ weights: TransformWeights, most: Int, within byteCount: Int
  ) -> TransformBlock {
    let (transform, kernel) = (weights.transform, weights.kernel)
    let unit = TransformBlock.tileUnit(transform, kernel: kernel)
    var block = TransformBlock(transform, tiles: unit, kernel: kernel)
    while block.tiles < most {
      let next = TransformBlock(transform, tiles: block.tiles + unit, kernel: kernel)
      guard next.valueByteCount + next.scratchByteCount <= byteCount else { break }
      block = next
    }
    return block
  }

  var arithmetic: Arithmetic { weights.kernel.arithmetic }

  var unit: PixelUnit {
    .tiles(side: weights.transform.side, origin: weights.transform.origin)
  }

  var scratchByteCount: Int {
    isLarge ? 0 : blocks(tileCount).count * block.valueByteCount
  }

  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step] {
    let tiles = pixels.map(tiles)
    let kernel = TransformKernel(
      block, parts: ConvolutionLowering.parts(parts, sources), images: output.images,
      height: output.height, width: output.width, weights: weights, epilogue: epilogue,
      output: region, tiles: tiles)
    let ranges = blocks(kernel.tileCount)
    return isLarge
      ? [step(context, kernel, ranges)]
      : [
        loadStep(context, kernel, ranges, scratch), multiplyStep(context, kernel, ranges, scratch),
      ]
  }

  /// The numbers of the tiles that hold pixels.
  private func tiles(of pixels: PixelSet) -> [Int] {
    let (side, origin) = (weights.transform.side, weights.transform.origin)
    return TileCover(side: side, origin: origin).tiles(of: pixels).ranges().flatMap { Array($0) }
  }

  /// The tiles of a run in blocks of like size: of a large picture, as many for each thread.
  private func blocks(_ tiles: Int) -> PieceRanges {
    let pieces = (tiles + block.tiles - 1) / block.tiles
    let rounds = (pieces + threadCount - 1) / threadCount
    return PieceRanges(tiles, wanted: isLarge ? rounds * threadCount : pieces)
  }

  private func step(
    _ context: LoweringContext, _ kernel: TransformKernel, _ ranges: PieceRanges
  ) -> Step {
    let block = block
    return Step(
      label: context.label, algorithm: weights.transform.name, pieceCount: ranges.count,
      scratchByteCount: block.valueByteCount + block.scratchByteCount,
      multiplyAdds: multiplyAdds(ranges.total)
    ) { piece, scratch in
      let values = scratch.slice(at: 0, byteCount: block.valueByteCount)
      kernel.load(ranges[piece], into: values)
      kernel.multiply(
        ranges[piece], blocks: 0..<kernel.blockCount, values: values,
        scratch: scratch.slice(at: block.valueByteCount, byteCount: block.scratchByteCount))
    }
  }

  private func loadStep(
    _ context: LoweringContext, _ kernel: TransformKernel, _ ranges: PieceRanges,
    _ values: MemoryRegion
  ) -> Step {
    let size = block.valueByteCount
    return Step(
      label: context.label + " data", pieceCount: ranges.count
    ) { piece, _ in
      kernel.load(ranges[piece], into: values.slice(at: piece * size, byteCount: size))
    }
  }

  private func multiplyStep(
    _ context: LoweringContext, _ kernel: TransformKernel, _ ranges: PieceRanges,
    _ values: MemoryRegion
  ) -> Step {
    let size = block.valueByteCount
    return Step(
      label: context.label, algorithm: weights.transform.name,
      pieceCount: ranges.count * kernel.blockCount, scratchByteCount: block.scratchByteCount,
      multiplyAdds: multiplyAdds(ranges.total)
    ) { piece, scratch in
      let (tiles, column) = (piece % ranges.count, piece / ranges.count)
      kernel.multiply(
        ranges[tiles], blocks: column..<column + 1,
        values: values.slice(at: tiles * size, byteCount: size), scratch: scratch)
    }
  }

  /// Of `tiles` as much as their share of the picture: windows in holes, which take none, are not
  /// known yet.
  private func multiplyAdds(_ tiles: Int) -> Int {
    let transform = weights.transform
    let products = transform.terms.reduce(0) {
      $0 + transform.multiplyAdds($1, height: output.height, width: output.width)
    }
    return output.images * products * output.channels * tiles / tileCount
  }
}
