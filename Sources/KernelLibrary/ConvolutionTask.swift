import CKernels

/// What every kernel of a convolution reads: its sizes, parts, epilogue and result.
///
/// Safety: the C structure is filled before a kernel first runs and never changes afterwards; the
/// regions behind it belong to the plan that owns the kernel.
@safe
final class ConvolutionTask: @unchecked Sendable {
  var row = unsafe pc_convolution()
  let outputs: Int
  let pixelCount: Int
  let parts: ConvolutionPartTable
  private let biases: UnsafeMutableBufferPointer<pc_bias>

  /// - Parameter output: `[N, height, width, outputStride]` as the epilogue stores; channels from
  ///   `outputOffset` are written.
  init(
    _ shape: ConvolutionShape, parts: ConvolutionPartTable, outputs: Int, epilogue: Epilogue,
    output: MemoryRegion, outputStride: Int, outputOffset: Int
  ) {
    precondition(epilogue.biases.count <= Epilogue.maximumBiasCount, "too many biases for a kernel")
    precondition(epilogue.isStoredAfterFunction, "sigmoid and tanh are of f32 results")
    self.parts = parts
    self.outputs = outputs
    pixelCount = shape.pixelCount
    unsafe biases = .allocate(capacity: max(epilogue.biases.count, 1))
    unsafe row.parts = UnsafePointer(parts.pictures.baseAddress)
    unsafe row.integer_parts = UnsafePointer(parts.integerParts.baseAddress)
    unsafe row.part_count = parts.pictures.count
    unsafe row.outputs = outputs
    let size = epilogue.storage.byteCount
    unsafe row.output = UnsafeMutableRawPointer(
      output.pointer(bytes: shape.pixelCount * outputStride * size) + outputOffset * size)
    unsafe row.output_stride = outputStride
    unsafe row.kernel = (shape.kernel[0], shape.kernel[1])
    unsafe row.stride = (shape.stride[0], shape.stride[1])
    unsafe row.dilation = (shape.dilation[0], shape.dilation[1])
    unsafe row.padding = (shape.padding[0], shape.padding[1])
    unsafe row.images = shape.images
    unsafe row.height = shape.height
    unsafe row.width = shape.width
    unsafe epilogue.describe(in: &row)
    place(epilogue)
    unsafe parts.fillPlaces(in: &row)
  }

  deinit { unsafe biases.deallocate() }

  /// Points the task at the vectors and planes of `epilogue`.
  private func place(_ epilogue: Epilogue) {
    for (index, bias) in epilogue.biases.enumerated() {
      let plane = unsafe bias.plane.map { unsafe UnsafePointer($0.pointer(floats: pixelCount)) }
      unsafe biases.initializeElement(
        at: index, to: pc_bias(vector: bias.vector.pointer(floats: outputs), plane: plane))
    }
    unsafe row.biases = UnsafePointer(biases.baseAddress)
    unsafe row.bias_count = epilogue.biases.count
    unsafe row.scale = epilogue.scale.map { unsafe UnsafePointer($0.pointer(floats: outputs)) }
    unsafe row.ratio = epilogue.ratio.map { unsafe UnsafePointer($0.pointer(floats: pixelCount)) }
  }
}
