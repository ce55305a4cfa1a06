import GraphIR
import KernelLibrary
import TensorCore

/// Runs a convolution whose twice upsampled parts are multiplied at their own resolution.
///
/// The sums of the low-resolution products lie in scratch memory; the convolution of the other
/// parts adds those that belong to a pixel before its epilogue, so nothing upsampled is stored.
struct SplitConvolutionLowering: PictureConvolution {
  private typealias Product = UpsamplingSplit.Product

  private let low: [ConvolutionLowering.Part]
  private let isLow: [Bool]
  private let rest: ConvolutionLowering
  private let products: [(weights: Product, sums: ValueLayout)]

  /// - Parameters:
  ///   - whole: the convolution with all parts, whose weights are split.
  ///   - isLow: which of its parts `split` multiplies at their own resolution.
  init(_ whole: ConvolutionLowering, _ split: UpsamplingSplit, isLow: [Bool]) {
    self.isLow = isLow
    low = zip(whole.parts, isLow).filter(\.1).map {
      ConvolutionLowering.Part(
        layout: $0.0.layout, channels: $0.0.channels, scale: $0.0.scale)
    }
    rest = ConvolutionLowering(
      window: whole.window, parts: zip(whole.parts, isLow).filter { !$0.1 }.map(\.0),
      output: whole.output, weights: split.rest)
    let layout = low[0].layout
    products = split.products.map { product in
      let (height, width) = (product.window.kernel[0] - 1, product.window.kernel[1] - 1)
      let sums = ValueLayout(picture: [
        layout.images, product.weights.outputs, layout.height + height, layout.width + width,
      ])
      return (product, sums)
    }
  }

  var arithmetic: Arithmetic { rest.arithmetic }

  /// Bytes of the joined picture of the other parts, then of the sums.
  var scratchByteCount: Int {
    products.reduce(AlignedStorage.aligned(rest.scratchByteCount)) {
      $0 + AlignedStorage.aligned($1.sums.byteCount)
    }
  }

  /// What is stored of a low-resolution product: sums as the other parts' kernel has them.
  private var sumsEpilogue: Epilogue {
    Epilogue(storage: arithmetic == .integer8 ? .integerSums : .float32)
  }

  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step] {
    var offset = AlignedStorage.aligned(rest.scratchByteCount)
    let lowParts = ConvolutionLowering.parts(low, zip(sources, isLow).filter(\.1).map(\.0))
    var pieces: [ConvolutionPieces] = []
    var high = rest
    high.addendScale = low[0].scale?.scale ?? 1
    for (product, layout) in products {
      let region = scratch.slice(at: offset, byteCount: layout.byteCount)
      offset += AlignedStorage.aligned(layout.byteCount)
      let lowering = ConvolutionLowering(
        window: product.window, parts: low, output: layout, weights: product.weights)
      pieces.append(
        lowering.pieces(
          context, ConvolutionShape(product.window, layout), lowParts, sumsEpilogue, region,
          pixels.map { Self.sums($0, product, layout.frame) }))
      high.addends += product.uses.map { addend($0, layout, region) }
    }
    return [ConvolutionPieces.step(label: context.label + " low resolution", .split, pieces)]
      + high.steps(
        context, sources: zip(sources, isLow).filter { !$0.1 }.map(\.0), epilogue: epilogue,
        output: output, pixels: pixels, scratch: scratch)
  }

  /// The sums of a product that output pixels add.
  private static func sums(
    _ pixels: PixelSet, _ product: Product, _ frame: PixelSet.Frame
  ) -> PixelSet {
    product.uses.reduce(PixelSet(noneOf: frame)) { sums, use in
      let axes = use.offsets.map { AxisReach(first: $0, last: $0, unit: 2) }
      return sums.union(
        pixels.reached(PixelReach(rows: axes[0], columns: axes[1]), in: frame))
    }
  }

  /// The sums that output pixels take from one product.
  private func addend(
    _ use: Product.Use, _ layout: ValueLayout, _ region: MemoryRegion
  ) -> ConvolutionAddend {
    let places = { (axis: Int, stored: Int, outputs: Int) -> [Int32] in
      (0..<outputs).map { place in
        let shifted = place + use.offsets[axis]
        return shifted < 0 || shifted >= stored * 2 ? -1 : Int32(shifted / 2)
      }
    }
    return ConvolutionAddend(
      sums: region, firstChannel: use.firstChannel, pixelStride: layout.channels,
      height: layout.height, width: layout.width,
      rows: places(0, layout.height, rest.output.height),
      columns: places(1, layout.width, rest.output.width))
  }
}
