import CKernels

/// A (partial) convolution over fixed memory, ready to run piece by piece on any thread.
///
/// `y = f((conv(concat_p(up_p(x_p ⊙ m_p)), w) + Σ_i a_i) ⊙ scale ⊙ ratio + Σ_j b_j ⊙ plane_j)` with
/// pictures as `[N, H, W, C]` and addends `a_i`. Integer sums of each part, and of the addends, are
/// scaled and then added in order, addends last. A pixel's bits do not depend on how the pixels are
/// cut into pieces.
///
/// Safety: the C structures are filled here once and never change; the regions behind them belong
/// to the plan that owns this kernel.
@safe
package final class ConvolutionKernel: @unchecked Sendable {
  private let task: ConvolutionTask
  private let addends: ConvolutionAddendTable
  private let weights: PackedWeights
  private let zeros: UnsafeMutablePointer<Float>

  /// Tiles of output channels.
  package var blockCount: Int { weights.blockCount }
  /// Output pixels of one tile: pieces of a multiple of it waste nothing.
  package var tileRows: Int { weights.kernel.rows }
  /// Bytes of scratch memory that one running piece needs.
  package let scratchByteCount: Int

  /// - Parameters:
  ///   - parts: with the channels of those of `weights`, or with a row of the window in one; none
  ///     when only addends are added.
  ///   - addendScale: what integer addends are multiplied by.
  ///   - output: `[N, height, width, outputStride]` as the epilogue stores; channels from
  ///     `outputOffset` are written.
  package init(
    _ shape: ConvolutionShape, parts: [ConvolutionPart], addends: [ConvolutionAddend] = [],
    addendScale: Float = 1, weights: PackedWeights, epilogue: Epilogue, output: MemoryRegion,
    outputStride: Int, outputOffset: Int = 0
  ) {
    Self.check(shape, parts, addends, weights, epilogue)
    self.weights = weights
    task = ConvolutionTask(
      shape,
      parts: ConvolutionPartTable(
        parts, shape: shape, arithmetic: weights.arithmetic, weights: weights),
      outputs: weights.outputs, epilogue: epilogue, output: output, outputStride: outputStride,
      outputOffset: outputOffset)
    self.addends = ConvolutionAddendTable(addends, shape: shape, outputs: weights.outputs)
    unsafe zeros = .allocate(capacity: weights.outputs)
    unsafe zeros.initialize(repeating: 0, count: weights.outputs)
    unsafe task.row.addends = UnsafePointer(self.addends.entries.baseAddress)
    unsafe task.row.addend_count = addends.count
    unsafe task.row.addend_scale = addendScale
    unsafe task.row.zeros = UnsafeRawPointer(zeros)
    unsafe task.row.weights = UnsafeRawPointer(weights.region.pointer(bytes: weights.byteCount))
    scratchByteCount = unsafe Int(pc_convolution_scratch_size(&task.row, weights.kernel.row))
  }

  deinit { unsafe zeros.deallocate() }

  private static func check(
    _ shape: ConvolutionShape, _ parts: [ConvolutionPart], _ addends: [ConvolutionAddend],
    _ weights: PackedWeights, _ epilogue: Epilogue
  ) {
    precondition(
      parts.reduce(0) { $0 + weights.kernel.paddedChannels($1.channels.count) }
        * shape.kernel[0] * shape.kernel[1]
        == weights.paddedParts.reduce(0, +) * weights.kernelSize[0] * weights.kernelSize[1],
      "the parts do not have the weights' channels")
    precondition(
      epilogue.storage != .integerSums
        || weights.kernel.arithmetic == .integer8 && parts.count == 1 && addends.isEmpty,
      "bare sums are those of one u8 picture")
  }

  /// Computes output pixels `pixels`, counted through all images, of some blocks of channels.
  package func run(pixels: Range<Int>, blocks: Range<Int>, scratch: MemoryRegion) {
    precondition(
      pixels.lowerBound >= 0 && pixels.upperBound <= task.pixelCount && blocks.lowerBound >= 0
        && blocks.upperBound <= blockCount,
      "a piece lies outside its convolution")
    precondition(scratch.byteCount >= scratchByteCount, "a convolution lacks scratch memory")
    unsafe withUnsafePointer(to: task.row) {
      unsafe pc_convolution_run(
        $0, weights.kernel.row, pixels.lowerBound, pixels.count, blocks.lowerBound,
        blocks.count, scratch.base)
    }
  }
}
