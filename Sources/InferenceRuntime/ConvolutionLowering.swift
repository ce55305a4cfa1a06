import GraphIR
import KernelLibrary
import TensorCore

/// A convolution over pictures, ready for memory.
protocol PictureConvolution: Sendable {
  /// The numbers that its kernels multiply.
  var arithmetic: Arithmetic { get }

  /// Bytes of memory that its steps share.
  var scratchByteCount: Int { get }

  /// In which units it computes pixels.
  var unit: PixelUnit { get }

  /// - Parameters:
  ///   - sources: the memory of every part in order.
  ///   - pixels: those to compute, whole units; all when nil.
  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step]
}

extension PictureConvolution {
  var unit: PixelUnit { .pixel }
}

/// Runs one convolution over one or more pictures as an indirect matrix product.
///
/// Few input channels make short segments, so then the pictures are first joined, masked and
/// bordered in scratch memory, and one segment spans a row of the window or, of narrow numbers, the
/// whole window, since they come in groups. So it is done with more channels that do not fill whole
/// groups, which are padded on the way.
struct ConvolutionLowering: PictureConvolution {
  /// A picture that the kernel sees, and which of its channels.
  struct Part: Sendable {
    let layout: ValueLayout
    let channels: Range<Int>
    var upsampling = 1
    /// What `u8` numbers mean.
    var scale: ByteScale?
  }

  /// The memory of a part.
  struct Source: Sendable {
    let pixels: MemoryRegion
    var mask: MemoryRegion?
  }

  /// Fewer channels are joined with their neighbours'.
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
  /// What integer addends are multiplied by.
  var addendScale: Float = 1
  /// Whether `weights` are `[O, kh · kw · C, 1, 1]`, in this order, of a window that is one segment.
  var joinsWindow = false

  var arithmetic: Arithmetic { weights.arithmetic }

  private var algorithm: ConvolutionAlgorithm { addends.isEmpty ? .direct : .split }

  private var channels: Int { parts.reduce(0) { $0 + $1.channels.count } }

  private var isStaged: Bool {
    joinsWindow
      || !parts.isEmpty && window.kernel[1] > 1 && window.dilation[1] == 1
        && (arithmetic != .integer8 || parts.count == 1)
        && (channels < Self.shortestSegment || pixelStride != channels)
        && stagedHeight * stagedWidth <= Self.largestStagedPicture
  }

  /// Numbers of a staged pixel.
  private var pixelStride: Int { joinsWindow ? channels : weights.paddedParts.reduce(0, +) }

  private var stagedHeight: Int { Self.stagedLength(0, window, parts) }
  private var stagedWidth: Int { Self.stagedLength(1, window, parts) }

  /// Rows (axis 0) or columns of a joined picture.
  private static func stagedLength(_ axis: Int, _ window: Window, _ parts: [Part]) -> Int {
    let length = axis == 0 ? parts[0].layout.height : parts[0].layout.width
    return length * parts[0].upsampling + window.padding[axis] + window.padding[axis + 2]
  }

  /// Bytes of the joined picture; 0 when the parts are read where they are.
  var scratchByteCount: Int {
    let pixelSize = pixelStride * arithmetic.pictureType.byteCount
    return isStaged
      ? output.images * stagedHeight * stagedWidth * pixelSize + ConvolutionPart.windowSlack : 0
  }

  func steps(
    _ context: LoweringContext, sources: [Source], epilogue: Epilogue, output region: MemoryRegion,
    pixels: PixelSet? = nil, scratch: MemoryRegion
  ) -> [Step] {
    guard isStaged else {
      let pieces = pieces(
        context, ConvolutionShape(window, output), Self.parts(parts, sources), epilogue, region,
        pixels)
      return [ConvolutionPieces.step(label: context.label, algorithm, [pieces])]
    }
    var shape = ConvolutionShape(window, output)
    shape.kernel = [joinsWindow ? 1 : window.kernel[0], 1]
    shape.padding = [0, 0]
    let rows = joinsWindow ? window.kernel[0] : 1
    let joined = ConvolutionPart(
      pixels: scratch, channels: 0..<rows * window.kernel[1] * pixelStride,
      pixelStride: pixelStride, height: stagedHeight, width: stagedWidth, scale: parts[0].scale,
      windowRows: joinsWindow ? (rows, window.dilation[0]) : nil)
    let pieces = pieces(context, shape, [joined], epilogue, region, pixels)
    return stagingSteps(context, sources, into: scratch)
      + [ConvolutionPieces.step(label: context.label, algorithm, [pieces])]
  }

  /// Whether the windows of few channels of narrow numbers are joined.
  static func joinsWindows(_ window: Window, parts: [Part], _ arithmetic: Arithmetic) -> Bool {
    arithmetic != .float32 && window.kernel[0] * window.kernel[1] > 1 && window.dilation[1] == 1
      && parts.reduce(0) { $0 + $1.channels.count } < shortestSegment
      && (arithmetic == .bfloat16 || parts.count == 1)
      && stagedLength(0, window, parts) * stagedLength(1, window, parts) <= largestStagedPicture
  }

  /// Parts as kernels read them where they lie.
  static func parts(_ parts: [Part], _ sources: [Source]) -> [ConvolutionPart] {
    zip(parts, sources).map { part, source in
      ConvolutionPart(
        pixels: source.pixels, mask: source.mask, channels: part.channels,
        pixelStride: part.layout.channels, height: part.layout.height,
        width: part.layout.width, upsampling: part.upsampling, scale: part.scale)
    }
  }

  private func stagingSteps(
    _ context: LoweringContext, _ sources: [Source], into staging: MemoryRegion
  ) -> [Step] {
    var offset = 0
    return parts.indices.map { index in
      let (part, source) = (parts[index], sources[index])
      let map = { (axis: Int, length: Int) -> [Int32] in
        (-window.padding[axis]..<length * part.upsampling + window.padding[axis + 2]).map {
          $0 < 0 || $0 >= length * part.upsampling ? -1 : Int32($0 / part.upsampling)
        }
      }
      var gather = PictureGather(
        source: part.layout, channels: part.channels, rows: map(0, part.layout.height),
        columns: map(1, part.layout.width))
      gather.numbers = PixelNumbers(
        arithmetic, zeroPoint: part.scale?.zeroPoint ?? 0,
        padding: joinsWindow ? 0 : weights.paddedParts[index] - part.channels.count)
      let step = gather.step(
        context, label: context.label + " staging", from: source.pixels, mask: source.mask,
        into: staging, stride: pixelStride, offset: offset)
      offset += part.channels.count + gather.numbers.padding
      return step
    }
  }

  /// The matrix product over `parts` alone.
  func pieces(
    _ context: LoweringContext, _ shape: ConvolutionShape, _ parts: [ConvolutionPart],
    _ epilogue: Epilogue, _ region: MemoryRegion, _ pixels: PixelSet?
  ) -> ConvolutionPieces {
    let kernel = ConvolutionKernel(
      shape, parts: parts, addends: addends, addendScale: addendScale, weights: weights,
      epilogue: epilogue, output: region, outputStride: output.channels, outputOffset: outputOffset)
    return ConvolutionPieces(
      kernel, shape, pixels: pixels, weights: weights,
      inputByteCount: parts.reduce(0) { $0 + $1.pixels.byteCount },
      threadCount: context.threadCount)
  }
}
