import CKernels

/// A convolution of few input channels to one output channel, row by row: sums over masks.
package struct PlaneConvolution: Sendable {
  private let shape: ConvolutionShape
  private let part: ConvolutionPart
  private let weights: [Float]
  private let output: MemoryRegion

  /// Most input channels for which adding up rows is quicker than dot products.
  package static let maximumChannelCount = 4

  /// - Parameter weights: `[C, kh, kw]` in C order.
  package init(
    _ shape: ConvolutionShape, part: ConvolutionPart, weights: [Float], output: MemoryRegion
  ) {
    precondition(part.channels == 0..<part.pixelStride, "rows are dense")
    let (taps, channels) = (shape.kernel[0] * shape.kernel[1], part.channels.count)
    precondition(weights.count == taps * channels, "a plane has one kernel")
    self.shape = shape
    self.part = part
    self.weights = (0..<taps).flatMap { tap in
      (0..<channels).map { weights[$0 * taps + tap] }
    }
    self.output = output
  }

  /// Computes the output rows `rows`, counted through all images.
  package func run(rows: Range<Int>) {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= shape.images * shape.height,
      "a piece lies outside its convolution")
    let pixels = shape.images * part.height * part.width
    var picture = unsafe pc_picture(
      pixels: part.pixels.pointer(floats: pixels * part.pixelStride), mask: nil, zeros: nil,
      zero_point: 0, channels: part.channels.count, pixel_stride: part.pixelStride,
      height: part.height,
      width: part.width, upsampling: 1, row_places: nil, column_places: nil)
    unsafe withUnsafePointer(to: &picture) { picture in
      var task = unsafe pc_convolution()
      unsafe task.parts = picture
      unsafe task.part_count = 1
      unsafe task.kernel = (shape.kernel[0], shape.kernel[1])
      unsafe task.stride = (shape.stride[0], shape.stride[1])
      unsafe task.dilation = (shape.dilation[0], shape.dilation[1])
      unsafe task.padding = (shape.padding[0], shape.padding[1])
      unsafe task.images = shape.images
      unsafe task.height = shape.height
      unsafe task.width = shape.width
      unsafe task.output = UnsafeMutableRawPointer(output.pointer(floats: shape.pixelCount))
      unsafe pc_convolution_rows_run(&task, weights, rows.lowerBound, rows.count)
    }
  }
}
