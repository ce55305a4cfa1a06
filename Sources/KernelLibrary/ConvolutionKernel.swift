import CKernels

/// What a partial convolution computes besides the sum, pixel by pixel.
package struct Epilogue: Sendable {
  /// The pointwise function at the end.
  package enum Function: Sendable {
    case none, relu, sigmoid, tanh
    case leakyReLU(slope: Float)
  }

  /// A vector over output channels and the plane that scales it; 1 everywhere when there is none.
  package struct Bias: Sendable {
    package var vector: MemoryRegion
    package var plane: MemoryRegion?

    package init(vector: MemoryRegion, plane: MemoryRegion?) {
      self.vector = vector
      self.plane = plane
    }
  }

  /// Most biases that one kernel adds.
  package static let maximumBiasCount = PC_MAX_BIASES

  /// One value per output channel; 1 everywhere when there is none.
  package var scale: MemoryRegion?
  /// One value per output pixel; 1 everywhere when there is none.
  package var ratio: MemoryRegion?
  package var biases: [Bias]
  package var function: Function

  package init(
    scale: MemoryRegion? = nil, ratio: MemoryRegion? = nil, biases: [Bias] = [],
    function: Function = .none
  ) {
    self.scale = scale
    self.ratio = ratio
    self.biases = biases
    self.function = function
  }
}

/// One picture that a convolution reads, `[N, height, width, pixelStride]` floats.
package struct ConvolutionPart: Sendable {
  package var pixels: MemoryRegion
  /// One value per stored pixel that scales it; 1 everywhere when there is none.
  package var mask: MemoryRegion?
  /// The channels read of each pixel.
  package var channels: Range<Int>
  package var pixelStride: Int
  package var height: Int
  package var width: Int
  package var upsampling: Int

  package init(
    pixels: MemoryRegion, mask: MemoryRegion? = nil, channels: Range<Int>, pixelStride: Int,
    height: Int, width: Int, upsampling: Int = 1
  ) {
    self.pixels = pixels
    self.mask = mask
    self.channels = channels
    self.pixelStride = pixelStride
    self.height = height
    self.width = width
    self.upsampling = upsampling
  }
}

/// The sizes of a convolution. Pairs are rows, columns; `padding` is top, left.
package struct ConvolutionShape: Sendable {
  package var kernel: [Int]
  package var stride: [Int]
  package var dilation: [Int]
  package var padding: [Int]
  package var images: Int
  package var height: Int
  package var width: Int

  package init(
    kernel: [Int], stride: [Int], dilation: [Int], padding: [Int], images: Int, height: Int,
    width: Int
  ) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.images = images
    self.height = height
    self.width = width
  }

  /// Output pixels of all images.
  package var pixelCount: Int { images * height * width }
}

/// A (partial) convolution over fixed memory, ready to run piece by piece on any thread.
///
/// `y = f((conv(concat_p(up_p(x_p ⊙ m_p)), w) + Σ_i a_i) ⊙ scale ⊙ ratio + Σ_j b_j ⊙ plane_j)` with
/// pictures as `[N, H, W, C]` and addends `a_i`. A pixel's bits do not depend on how the pixels are cut into pieces.
///
/// Safety: the C structures are filled here once and never change; the regions behind them belong
/// to the plan that owns this kernel.
@safe
package final class ConvolutionKernel: @unchecked Sendable {
  private var task = unsafe pc_convolution()
  private let parts: UnsafeMutableBufferPointer<pc_picture>
  private let biases: UnsafeMutableBufferPointer<pc_bias>
  private let addends: ConvolutionAddendTable
  private let weights: PackedWeights
  private var places = unsafe UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)
  private let zeros: UnsafeMutablePointer<Float>
  private let pixelCount: Int

  /// Tiles of output channels.
  package let blockCount: Int
  /// Output pixels of one tile: pieces of a multiple of it waste nothing.
  package var tileRows: Int { weights.kernel.rows }
  /// Bytes of scratch memory that one running piece needs.
  package private(set) var scratchByteCount = 0

  /// - Parameters:
  ///   - parts: as many channels in sum as `weights` has; none when only addends are added.
  ///   - output: `[N, height, width, outputStride]`; channels from `outputOffset` are written.
  package init(
    _ shape: ConvolutionShape, parts: [ConvolutionPart], addends: [ConvolutionAddend] = [],
    weights: PackedWeights, epilogue: Epilogue, output: MemoryRegion, outputStride: Int,
    outputOffset: Int = 0
  ) {
    precondition(
      parts.reduce(0) { $0 + $1.channels.count } * shape.kernel[0] * shape.kernel[1]
        == weights.channels * weights.kernelSize[0] * weights.kernelSize[1],
      "the parts do not have the weights' channels")
    precondition(epilogue.biases.count <= Epilogue.maximumBiasCount, "too many biases for a kernel")
    self.weights = weights
    pixelCount = shape.pixelCount
    unsafe self.parts = .allocate(capacity: parts.count)
    for (index, part) in parts.enumerated() {
      unsafe self.parts.initializeElement(at: index, to: Self.picture(part, shape))
    }
    unsafe self.biases = .allocate(capacity: max(epilogue.biases.count, 1))
    self.addends = ConvolutionAddendTable(addends, shape: shape, outputs: weights.outputs)
    let widest = parts.reduce(max(weights.outputs, 1)) { max($0, $1.channels.count) }
    unsafe zeros = .allocate(capacity: widest)
    unsafe zeros.initialize(repeating: 0, count: widest)
    blockCount = (weights.outputs + weights.kernel.columns - 1) / weights.kernel.columns
    unsafe task.parts = UnsafePointer(self.parts.baseAddress)
    unsafe task.part_count = parts.count
    unsafe task.addends = UnsafePointer(self.addends.entries.baseAddress)
    unsafe task.addend_count = addends.count
    unsafe task.zeros = UnsafePointer(zeros)
    unsafe task.weights = UnsafePointer(
      weights.region.pointer(floats: weights.region.floatCount))
    unsafe task.outputs = weights.outputs
    unsafe task.output = output.pointer(floats: shape.pixelCount * outputStride) + outputOffset
    unsafe task.output_stride = outputStride
    unsafe Self.set(&task, shape)
    unsafe Self.set(&task, epilogue.function)
    place(epilogue)
    fillPlaces()
    scratchByteCount = unsafe Int(pc_convolution_scratch_size(&task, weights.kernel.row))
  }

  deinit {
    unsafe parts.deallocate()
    unsafe places.deallocate()
    unsafe biases.deallocate()
    unsafe zeros.deallocate()
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
    unsafe places = .allocate(capacity: parts.count * (rows + columns))
    guard var next = unsafe places.baseAddress else { return }
    for index in unsafe parts.indices {
      let part = unsafe parts.baseAddress.unsafelyUnwrapped + index
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

  private static func picture(_ part: ConvolutionPart, _ shape: ConvolutionShape) -> pc_picture {
    let pixels = shape.images * part.height * part.width
    let lastColumn = (shape.width - 1) * shape.stride[1]
    let readsNeighbours =
      shape.kernel[1] == 1 && shape.padding == [0, 0]
      && lastColumn * part.pixelStride + part.channels.upperBound <= part.width * part.pixelStride
    precondition(
      part.channels.upperBound <= part.pixelStride || readsNeighbours,
      "a part has fewer channels than a kernel reads")
    return unsafe pc_picture(
      pixels: part.pixels.pointer(floats: pixels * part.pixelStride) + part.channels.lowerBound,
      mask: part.mask.map { unsafe UnsafePointer($0.pointer(floats: pixels)) },
      channels: part.channels.count, pixel_stride: part.pixelStride, height: part.height,
      width: part.width, upsampling: part.upsampling, row_places: nil, column_places: nil)
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

  private static func set(_ task: inout pc_convolution, _ function: Epilogue.Function) {
    switch function {
    case .none: unsafe task.activation = PC_ACTIVATION_NONE
    case .relu: unsafe task.activation = PC_ACTIVATION_RELU
    case .sigmoid: unsafe task.activation = PC_ACTIVATION_SIGMOID
    case .tanh: unsafe task.activation = PC_ACTIVATION_TANH
    case .leakyReLU(let slope):
      unsafe task.activation = PC_ACTIVATION_LEAKY_RELU
      unsafe task.slope = slope
    }
  }
}
