import GraphIR
import KernelLibrary
import TensorCore

/// Runs a convolution whose twice upsampled parts are multiplied at their own resolution.
///
/// The sums of the low-resolution products lie in scratch memory; the convolution of the other
/// parts adds those that belong to a pixel before its epilogue, so nothing upsampled is stored.
struct SplitConvolutionLowering: PictureConvolution {
  private typealias Product = UpsamplingSplit.Product

  private typealias Part = ConvolutionLowering.Part

  private let split: UpsamplingSplit
  private let isLow: [Bool]
  private let low: [Part]
  private let high: [Part]
  private let window: Window
  private let output: ValueLayout
  private let rowKernel: RowKernel
  private let sums: [ValueLayout]

  /// - Parameter isLow: which of `parts` `split` multiplies at their own resolution.
  init(
    _ split: UpsamplingSplit, window: Window, parts: [ConvolutionLowering.Part], isLow: [Bool],
    output: ValueLayout, kernels: KernelTable
  ) {
    (self.split, self.isLow, self.window, self.output) = (split, isLow, window, output)
    rowKernel = kernels.rows
    low = zip(parts, isLow).filter(\.1).map {
      Part(layout: $0.0.layout, channels: $0.0.channels, scale: $0.0.scale)
    }
    high = zip(parts, isLow).filter { !$0.1 }.map(\.0)
    let layout = low[0].layout
    sums = split.products.map { product in
      let (height, width) = (product.window.kernel[0] - 1, product.window.kernel[1] - 1)
      return ValueLayout(picture: [
        layout.images, product.weights.outputs, layout.height + height, layout.width + width,
      ])
    }
  }

  var arithmetic: Arithmetic { split.arithmetic }

  /// Bytes of the sums, then of the joined picture of the other parts.
  var scratchByteCount: Int { sumsByteCount + rest([]).scratchByteCount }

  private var sumsByteCount: Int {
    sums.reduce(0) { $0 + AlignedStorage.aligned($1.byteCount) }
  }

  /// What is stored of a low-resolution product: sums as the other parts' kernel has them.
  private var sumsEpilogue: Epilogue {
    Epilogue(storage: arithmetic == .integer8 ? .integerSums : .float32)
  }

  func steps(
    _ context: LoweringContext, sources: [ConvolutionLowering.Source], epilogue: Epilogue,
    output region: MemoryRegion, pixels: PixelSet?, scratch: MemoryRegion
  ) -> [Step] {
    let lowParts = ConvolutionLowering.parts(low, zip(sources, isLow).filter(\.1).map(\.0))
    var (offset, regions): (Int, [MemoryRegion]) = (0, [])
    for layout in sums {
      regions.append(scratch.slice(at: offset, byteCount: layout.byteCount))
      offset += AlignedStorage.aligned(layout.byteCount)
    }
    let pieces = split.products.indices.map { index in
      let (product, layout) = (split.products[index], sums[index])
      return ConvolutionLowering(
        window: product.window, parts: low, output: layout, weights: product.weights
      ).pieces(
        context, ConvolutionShape(product.window, layout), lowParts, sumsEpilogue, regions[index],
        pixels?.reached(product.reach, in: layout.frame))
    }
    return [ConvolutionPieces.step(label: context.label + " low resolution", .split, pieces)]
      + rest(regions).steps(
        context, sources: zip(sources, isLow).filter { !$0.1 }.map(\.0), epilogue: epilogue,
        output: region, pixels: pixels,
        scratch: scratch.slice(at: offset, byteCount: scratch.byteCount - offset))
  }

  /// The convolution of the other parts.
  ///
  /// - Parameter regions: where the sums are that it adds; none to ask for its memory.
  private func rest(_ regions: [MemoryRegion]) -> any PictureConvolution {
    let scale = low[0].scale?.scale ?? 1
    switch split.rest {
    case .tiles(let weights):
      var lowering = ConvolutionLowering(
        window: window, parts: high, output: output, weights: weights)
      lowering.addendScale = scale
      lowering.addends = zip(regions, split.products.indices).map { addend($1, $0) }
      return lowering
    case .rows(let weights):
      return RowLowering(
        window: window, parts: high, output: output, weights: weights, arithmetic: arithmetic,
        kernel: rowKernel,
        tapSums: regions.first.map { .init(layout: sums[0], region: $0, scale: scale) })
    }
  }

  /// The sums that output pixels take from one product.
  private func addend(_ index: Int, _ region: MemoryRegion) -> ConvolutionAddend {
    let (layout, reach) = (sums[index], split.products[index].reach)
    let places = { (axis: AxisReach, stored: Int, outputs: Int) -> [Int32] in
      (0..<outputs).map { place in
        let shifted = axis.first(of: place)
        return shifted < 0 || shifted >= stored ? -1 : Int32(shifted)
      }
    }
    return ConvolutionAddend(
      sums: region, pixelStride: layout.channels, height: layout.height, width: layout.width,
      rows: places(reach.rows, layout.height, output.height),
      columns: places(reach.columns, layout.width, output.width))
  }
}
