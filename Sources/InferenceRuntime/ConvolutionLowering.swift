import GraphIR
import KernelLibrary
import TensorCore

/// Runs one convolution over one or more pictures as an indirect matrix product.
///
/// Few input channels make short segments, so then the pictures are first joined, masked and
/// bordered in scratch memory, and one segment spans a whole row of the window.
struct ConvolutionLowering: Sendable {
  /// A picture that the kernel sees, and which of its channels.
  struct Part: Sendable {
    let layout: ValueLayout
    let channels: Range<Int>
    var upsampling = 1
  }

  /// The memory of a part.
  struct Source: Sendable {
    let pixels: MemoryRegion
    var mask: MemoryRegion?
  }

  private static let shortestSegment = 16
  /// A wide border around a small picture is cheaper to read than to make.
  private static let largestStagedPicture = 1 << 26
  /// Weights of one piece that stay in the second-level cache beside the pictures.
  private static let nearWeightByteCount = 1 << 19

  let window: Window
  let parts: [Part]
  let output: ValueLayout
  let weights: PackedWeights
  var outputOffset = 0

  private var channels: Int { parts.reduce(0) { $0 + $1.channels.count } }

  private var isStaged: Bool {
    channels < Self.shortestSegment && window.kernel[1] > 1 && window.dilation[1] == 1
      && stagedHeight * stagedWidth <= Self.largestStagedPicture
  }

  private var stagedHeight: Int {
    parts[0].layout.height * parts[0].upsampling + window.padding[0] + window.padding[2]
  }
  private var stagedWidth: Int {
    parts[0].layout.width * parts[0].upsampling + window.padding[1] + window.padding[3]
  }

  /// Bytes of the joined picture; 0 when the parts are read where they are.
  var stagedByteCount: Int {
    isStaged ? output.images * stagedHeight * stagedWidth * channels * 4 : 0
  }

  func steps(
    _ context: LoweringContext, sources: [Source], epilogue: Epilogue, output region: MemoryRegion,
    staging: MemoryRegion
  ) -> [Step] {
    guard isStaged else {
      let parts = zip(parts, sources).map { part, source in
        ConvolutionPart(
          pixels: source.pixels, mask: source.mask, channels: part.channels,
          pixelStride: part.layout.channels, height: part.layout.height,
          width: part.layout.width, upsampling: part.upsampling)
      }
      return [
        productStep(context, ConvolutionShape(window, output), parts, epilogue, region)
      ]
    }
    var shape = ConvolutionShape(window, output)
    shape.kernel[1] = 1
    shape.padding = [0, 0]
    let joined = ConvolutionPart(
      pixels: staging, channels: 0..<window.kernel[1] * channels, pixelStride: channels,
      height: stagedHeight, width: stagedWidth)
    return stagingSteps(context, sources, into: staging)
      + [productStep(context, shape, [joined], epilogue, region)]
  }

  private func stagingSteps(
    _ context: LoweringContext, _ sources: [Source], into staging: MemoryRegion
  ) -> [Step] {
    var offset = 0
    return zip(parts, sources).map { part, source in
      let map = { (axis: Int, length: Int) -> [Int32] in
        (-window.padding[axis]..<length * part.upsampling + window.padding[axis + 2]).map {
          $0 < 0 || $0 >= length * part.upsampling ? -1 : Int32($0 / part.upsampling)
        }
      }
      let gather = PictureGather(
        source: part.layout, channels: part.channels, rows: map(0, part.layout.height),
        columns: map(1, part.layout.width))
      let step = gather.step(
        context, label: context.label + " staging", from: source.pixels, mask: source.mask,
        into: staging, stride: channels, offset: offset)
      offset += part.channels.count
      return step
    }
  }

  private func productStep(
    _ context: LoweringContext, _ shape: ConvolutionShape, _ parts: [ConvolutionPart],
    _ epilogue: Epilogue, _ region: MemoryRegion
  ) -> Step {
    let kernel = ConvolutionKernel(
      shape, parts: parts, weights: weights, epilogue: epilogue, output: region,
      outputStride: output.channels, outputOffset: outputOffset)
    let panelBytes = max(weights.byteCount / kernel.blockCount, 1)
    let blocks = PieceRanges(
      kernel.blockCount,
      wanted: Self.blockPieces(
        kernel.blockCount, together: max(Self.nearWeightByteCount / panelBytes, 1),
        tiles: shape.pixelCount / kernel.tileRows, threads: context.threadCount))
    let pixels = PieceRanges(
      shape.pixelCount, wanted: max(context.threadCount * 32 / blocks.count, 1),
      unit: kernel.tileRows)
    let inputBytes = parts.reduce(0) { $0 + $1.pixels.byteCount }
    let isWeightBound = weights.byteCount > inputBytes
    return Step(
      label: context.label, pieceCount: pixels.count * blocks.count,
      scratchByteCount: kernel.scratchByteCount,
      multiplyAdds: shape.pixelCount * weights.outputs * weights.channels
        * weights.kernelSize[0] * weights.kernelSize[1]
    ) { piece, scratch in
      let (range, block) =
        isWeightBound
        ? (piece % pixels.count, piece / pixels.count)
        : (piece / blocks.count, piece % blocks.count)
      kernel.run(pixels: pixels[range], blocks: blocks[block], scratch: scratch)
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
