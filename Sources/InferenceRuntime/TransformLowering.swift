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
  /// Blocks of tiles for each thread that make a picture large.
  private static let manyBlocks = 8

  private let parts: [ConvolutionLowering.Part]
  private let output: ValueLayout
  private let weights: TransformWeights
  private let table: TransformTable
  private let block: TransformBlock
  private let isLarge: Bool
  private let tileCount: Int

  init(
    parts: [ConvolutionLowering.Part], output: ValueLayout, weights: TransformWeights,
    kernels: KernelTable, threadCount: Int
  ) {
    self.parts = parts
    self.output = output
    self.weights = weights
    table = kernels.transforms
    let transform = weights.transform
    let tiles =
      output.images * transform.tileCount(output.height) * transform.tileCount(output.width)
    block = Self.block(transform, tiles: tiles, kernel: kernels.matrixProduct)
    tileCount = tiles
    isLarge = Self.blocks(tiles, block).count >= threadCount * Self.manyBlocks
  }

  /// As many tiles as stay near, in whole register tiles.
  private static func block(
    _ transform: ConvolutionTransform, tiles: Int, kernel: TileKernel
  ) -> TransformBlock {
    let unit = TransformBlock.tileUnit(transform, kernel: kernel)
    var block = TransformBlock(transform, tiles: unit, kernel: kernel)
    while block.tiles < tiles {
      let next = TransformBlock(transform, tiles: block.tiles + unit, kernel: kernel)
      guard next.valueByteCount + next.scratchByteCount <= nearByteCount else { break }
      block = next
    }
    return block
  }

  var arithmetic: Arithmetic { .float32 }

  var unit: PixelUnit {
    .tiles(side: weights.transform.side, origin: weights.transform.origin)
  }

  var scratchByteCount: Int {
    isLarge ? 0 : Self.blocks(tileCount, block).count * block.valueByteCount
  }

  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step] {
    let tiles = pixels.map(tiles)
    let kernel = TransformKernel(
      block, parts: ConvolutionLowering.parts(parts, sources), images: output.images,
      height: output.height, width: output.width, weights: weights, table: table,
      epilogue: epilogue, output: region, tiles: tiles)
    let ranges = Self.blocks(kernel.tileCount, block)
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

  private static func blocks(_ tiles: Int, _ block: TransformBlock) -> PieceRanges {
    PieceRanges(tiles, wanted: (tiles + block.tiles - 1) / block.tiles, unit: block.tiles)
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

  private func multiplyAdds(_ tiles: Int) -> Int {
    let transform = weights.transform
    let products = transform.terms.reduce(0) {
      let windows = transform.side / $1.form.outputs
      return $0 + windows * windows * $1.productDepth
    }
    return tiles * output.channels * products
  }
}
