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
  private var task = unsafe pc_convolution()
  private let parts: ConvolutionPartTable
  private let biases: UnsafeMutableBufferPointer<pc_bias>
  private let addends: ConvolutionAddendTable
  private let weights: PackedWeights
  private var places = unsafe UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)
  private let zeros: UnsafeMutablePointer<Float>
  private let pixelCount: Int

  /// Tiles of output channels.
  package var blockCount: Int { weights.blockCount }
  /// Output pixels of one tile: pieces of a multiple of it waste nothing.
  package var tileRows: Int { weights.kernel.rows }
  /// Bytes of scratch memory that one running piece needs.
  package private(set) var scratchByteCount = 0

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
    pixelCount = shape.pixelCount
    self.parts = ConvolutionPartTable(parts, shape: shape, weights: weights)
    unsafe self.biases = .allocate(capacity: max(epilogue.biases.count, 1))
    self.addends = ConvolutionAddendTable(addends, shape: shape, outputs: weights.outputs)
    unsafe zeros = .allocate(capacity: weights.outputs)
    unsafe zeros.initialize(repeating: 0, count: weights.outputs)
    unsafe task.parts = UnsafePointer(self.parts.pictures.baseAddress)
    unsafe task.integer_parts = UnsafePointer(self.parts.integerParts.baseAddress)
    unsafe task.part_count = parts.count
    unsafe task.addends = UnsafePointer(self.addends.entries.baseAddress)
    unsafe task.addend_count = addends.count
    unsafe task.addend_scale = addendScale
    unsafe task.zeros = UnsafeRawPointer(zeros)
    unsafe task.weights = UnsafeRawPointer(weights.region.pointer(bytes: weights.byteCount))
    unsafe task.outputs = weights.outputs
    let size = epilogue.storage.byteCount
    unsafe task.output = UnsafeMutableRawPointer(
      output.pointer(bytes: shape.pixelCount * outputStride * size) + outputOffset * size)
    unsafe task.output_stride = outputStride
    unsafe Self.set(&task, shape)
    unsafe epilogue.describe(in: &task)
    place(epilogue)
    fillPlaces()
    scratchByteCount = unsafe Int(pc_convolution_scratch_size(&task, weights.kernel.row))
  }

  deinit {
    unsafe places.deallocate()
    unsafe biases.deallocate()
    unsafe zeros.deallocate()
  }

  private static func check(
    _ shape: ConvolutionShape, _ parts: [ConvolutionPart], _ addends: [ConvolutionAddend],
    _ weights: PackedWeights, _ epilogue: Epilogue
  ) {
    precondition(
      parts.reduce(0) { $0 + weights.kernel.paddedChannels($1.channels.count) }
        * shape.kernel[0] * shape.kernel[1]
        == weights.paddedParts.reduce(0, +) * weights.kernelSize[0] * weights.kernelSize[1],
      "the parts do not have the weights' channels")
    precondition(epilogue.biases.count <= Epilogue.maximumBiasCount, "too many biases for a kernel")
    precondition(epilogue.isStoredAfterFunction, "sigmoid and tanh are of f32 results")
    precondition(
      epilogue.storage != .integerSums
        || weights.kernel.arithmetic == .integer8 && parts.count == 1 && addends.isEmpty,
      "bare sums are those of one u8 picture")
  }

  /// Points the task at the vectors and planes of `epilogue`.
  private func place(_ epilogue: Epilogue) {
    for (index, bias) in epilogue.biases.enumerated() {
      let plane = unsafe bias.plane.map { unsafe UnsafePointer($0.pointer(floats: pixelCount)) }
      unsafe biases.initializeElement(
        at: index,
        to: pc_bias(vector: bias.vector.pointer(floats: weights.outputs), plane: plane))
    }
    unsafe task.biases = UnsafePointer(biases.baseAddress)
    unsafe task.bias_count = epilogue.biases.count
    unsafe task.scale = epilogue.scale.map {
      unsafe UnsafePointer($0.pointer(floats: weights.outputs))
    }
    unsafe task.ratio = epilogue.ratio.map {
      unsafe UnsafePointer($0.pointer(floats: pixelCount))
    }
  }

  /// Tabulates where each row and column under the window lies in each part.
  private func fillPlaces() {
    let (rows, columns) = unsafe (pc_place_count(&task, 0), pc_place_count(&task, 1))
    unsafe places = .allocate(capacity: parts.pictures.count * (rows + columns))
    guard var next = unsafe places.baseAddress else { return }
    for index in unsafe parts.pictures.indices {
      let part = unsafe parts.pictures.baseAddress.unsafelyUnwrapped + index
      unsafe pc_fill_places(&task, part, 0, next)
      unsafe part.pointee.row_places = UnsafePointer(next)
      unsafe next += rows
      unsafe pc_fill_places(&task, part, 1, next)
      unsafe part.pointee.column_places = UnsafePointer(next)
      unsafe next += columns
    }
  }

  /// Computes output pixels `pixels`, counted through all images, of some blocks of channels.
  package func run(pixels: Range<Int>, blocks: Range<Int>, scratch: MemoryRegion) {
    precondition(
      pixels.lowerBound >= 0 && pixels.upperBound <= pixelCount && blocks.lowerBound >= 0
        && blocks.upperBound <= blockCount,
      "a piece lies outside its convolution")
    precondition(scratch.byteCount >= scratchByteCount, "a convolution lacks scratch memory")
    unsafe withUnsafePointer(to: task) {
      unsafe pc_convolution_run(
        $0, weights.kernel.row, pixels.lowerBound, pixels.count, blocks.lowerBound,
        blocks.count, scratch.base)
    }
  }

  private static func set(_ task: inout pc_convolution, _ shape: ConvolutionShape) {
    unsafe task.kernel = (shape.kernel[0], shape.kernel[1])
    unsafe task.stride = (shape.stride[0], shape.stride[1])
    unsafe task.dilation = (shape.dilation[0], shape.dilation[1])
    unsafe task.padding = (shape.padding[0], shape.padding[1])
    unsafe task.images = shape.images
    unsafe task.height = shape.height
    unsafe task.width = shape.width
  }
}
