import GraphIR
import KernelLibrary
import TensorCore

/// A convolution over pictures, ready for memory.
protocol PictureConvolution: Sendable {
  /// Bytes of memory that its steps share.
  var scratchByteCount: Int { get }

  /// - Parameter sources: the memory of every part in order.
  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, scratch: MemoryRegion
  ) -> [Step]
}

/// Runs one convolution over one or more pictures as an indirect matrix product.
///
/// Few input channels make short segments, so then the pictures are first joined, masked and
/// bordered in scratch memory, and one segment spans a whole row of the window.
struct ConvolutionLowering: PictureConvolution {
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

  let window: Window
  let parts: [Part]
  let output: ValueLayout
  let weights: PackedWeights
  var outputOffset = 0
  /// Finished sums to add to those of the parts, of which there may then be none.
  var addends: [ConvolutionAddend] = []

  private var channels: Int { parts.reduce(0) { $0 + $1.channels.count } }

  private var isStaged: Bool {
    !parts.isEmpty && channels < Self.shortestSegment && window.kernel[1] > 1
      && window.dilation[1] == 1 && stagedHeight * stagedWidth <= Self.largestStagedPicture
  }

  private var stagedHeight: Int {
    parts[0].layout.height * parts[0].upsampling + window.padding[0] + window.padding[2]
  }
  private var stagedWidth: Int {
    parts[0].layout.width * parts[0].upsampling + window.padding[1] + window.padding[3]
  }

  /// Bytes of the joined picture; 0 when the parts are read where they are.
  var scratchByteCount: Int {
    isStaged ? output.images * stagedHeight * stagedWidth * channels * 4 : 0
  }

  func steps(
    _ context: LoweringContext, sources: [Source], epilogue: Epilogue, output region: MemoryRegion,
    scratch: MemoryRegion
  ) -> [Step] {
    guard isStaged else {
      let pieces = pieces(
        context, ConvolutionShape(window, output), Self.parts(parts, sources), epilogue, region)
      return [ConvolutionPieces.step(label: context.label, [pieces])]
    }
    var shape = ConvolutionShape(window, output)
    shape.kernel[1] = 1
    shape.padding = [0, 0]
    let joined = ConvolutionPart(
      pixels: scratch, channels: 0..<window.kernel[1] * channels, pixelStride: channels,
      height: stagedHeight, width: stagedWidth)
    let pieces = pieces(context, shape, [joined], epilogue, region)
    return stagingSteps(context, sources, into: scratch)
      + [ConvolutionPieces.step(label: context.label, [pieces])]
  }

  /// Parts as kernels read them where they lie.
  static func parts(_ parts: [Part], _ sources: [Source]) -> [ConvolutionPart] {
    zip(parts, sources).map { part, source in
      ConvolutionPart(
        pixels: source.pixels, mask: source.mask, channels: part.channels,
        pixelStride: part.layout.channels, height: part.layout.height,
        width: part.layout.width, upsampling: part.upsampling)
    }
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

  /// The matrix product over `parts` alone.
  func pieces(
    _ context: LoweringContext, _ shape: ConvolutionShape, _ parts: [ConvolutionPart],
    _ epilogue: Epilogue, _ region: MemoryRegion
  ) -> ConvolutionPieces {
    let kernel = ConvolutionKernel(
      shape, parts: parts, addends: addends, weights: weights, epilogue: epilogue,
      output: region, outputStride: output.channels, outputOffset: outputOffset)
    return ConvolutionPieces(
      kernel, shape, weights: weights,
      inputByteCount: parts.reduce(0) { $0 + $1.pixels.byteCount },
      threadCount: context.threadCount)
  }
}
