import CKernels

/// A (partial) convolution of few input channels to few output channels over fixed memory, ready to
/// run piece by piece on any thread; a piece of whole rows is quickest.
///
/// It computes what `ConvolutionKernel` does, and instead of addends it takes sums of taps: of
/// stored pixels under a window of 3 by 3 without strides, the sums of tap t are added for output
/// channel o from channel `t · outputs + o`. Integer ones form one more part, after all others. A
/// pixel's bits do not depend on how the pixels are cut into pieces.
///
/// Safety: the C structures are filled here once and never change; the regions behind them belong
/// to the plan that owns this kernel.
@safe
package final class RowConvolution: @unchecked Sendable {
  private let task: ConvolutionTask
  private let taps: ConvolutionPartTable
  private let weights: RowWeights
  private let kernel: RowKernel
  private let arithmetic: Arithmetic
  /// Bytes of scratch memory that one running piece needs.
  package let scratchByteCount: Int

  /// The farthest that a window may reach, in pixels: it spans as many staged rows.
  private static let longestReach = 1 << 12

  /// - Parameters:
  ///   - parts: with the channels of `weights` together.
  ///   - tapSums: `f32`, or `i32` for integers, as a picture under the same window.
  ///   - tapScale: what integer sums of taps are multiplied by.
  ///   - output: `[N, height, width, outputs]` as the epilogue stores.
  package init(
    _ shape: ConvolutionShape, parts: [ConvolutionPart], _ arithmetic: Arithmetic = .float32,
    tapSums: ConvolutionPart? = nil, tapScale: Float = 1, weights: RowWeights, kernel: RowKernel,
    epilogue: Epilogue, output: MemoryRegion
  ) {
    Self.check(shape, parts, tapSums, weights)
    (self.weights, self.kernel, self.arithmetic) = (weights, kernel, arithmetic)
    task = ConvolutionTask(
      shape, parts: ConvolutionPartTable(parts, shape: shape, arithmetic: arithmetic),
      outputs: weights.outputs, epilogue: epilogue, output: output,
      outputStride: weights.outputs, outputOffset: 0)
    taps = ConvolutionPartTable(
      tapSums.map { [$0] } ?? [], shape: shape, arithmetic: .float32)
    unsafe taps.fillPlaces(in: &task.row)
    unsafe task.row.addend_scale = tapScale
    scratchByteCount = Self.scratchByteCount(
      shape, channels: weights.channels, outputs: weights.outputs, tapSums: tapSums?.width)
  }

  private static func check(
    _ shape: ConvolutionShape, _ parts: [ConvolutionPart], _ tapSums: ConvolutionPart?,
    _ weights: RowWeights
  ) {
    precondition(
      parts.reduce(0) { $0 + $1.channels.count } == weights.channels
        && shape.kernel == weights.kernelSize,
      "the parts do not have the weights' channels")
    precondition(
      (1...RowKernel.maximumOutputCount).contains(weights.outputs), "too many outputs for a row")
    precondition(
      tapSums == nil
        || shape.kernel == [3, 3] && shape.stride == [1, 1]
          && shape.dilation == [1, 1] && tapSums?.channels == 0..<9 * weights.outputs,
      "sums of taps are of other windows")
  }

  /// Bytes of scratch memory for a convolution of these sizes; `Int.max` where the window reaches
  /// too far.
  ///
  /// - Parameter tapSums: columns of the picture of sums of taps, when there is one.
  package static func scratchByteCount(
    _ shape: ConvolutionShape, channels: Int, outputs: Int, tapSums: Int? = nil
  ) -> Int {
    let reaches = (0..<2).map {
      (shape.kernel[$0] - 1).multipliedReportingOverflow(
        by: shape.dilation[$0])
    }
    guard reaches.allSatisfy({ !$0.overflow && $0.partialValue <= longestReach }) else {
      return .max
    }
    var (part, taps, row) = unsafe (pc_picture(), pc_picture(), pc_convolution())
    unsafe part.channels = channels
    unsafe taps.width = tapSums ?? 0
    unsafe row.kernel = (shape.kernel[0], shape.kernel[1])
    unsafe row.stride = (shape.stride[0], shape.stride[1])
    unsafe row.dilation = (shape.dilation[0], shape.dilation[1])
    unsafe row.width = shape.width
    unsafe row.outputs = outputs
    unsafe row.part_count = 1
    return unsafe withUnsafePointer(to: &part) { part in
      unsafe row.parts = part
      return unsafe withUnsafePointer(to: &row) { row in
        unsafe withUnsafePointer(to: &taps) { taps in
          var task = unsafe pc_row_convolution(
            convolution: row, arithmetic: PC_F32, tap_sums: tapSums == nil ? nil : taps)
          return unsafe pc_row_scratch_size(&task)
        }
      }
    }
  }

  /// Whether sums of integers under such a window are exact.
  package static func sumsIntegers(channels: Int, taps: Int) -> Bool {
    channels * taps * 255 * 128 < 1 << 24
  }

  /// Computes output pixels, counted through all images, of ranges that ascend.
  package func run(pixels ranges: [Range<Int>], scratch: MemoryRegion) {
    precondition(
      ranges.first?.lowerBound ?? 0 >= 0 && ranges.last?.upperBound ?? 0 <= task.pixelCount
        && zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound },
      "a piece lies outside its convolution")
    precondition(scratch.byteCount >= scratchByteCount, "a convolution lacks scratch memory")
    unsafe weights.values.withUnsafeBufferPointer { values in
      var row = unsafe task.row
      unsafe row.weights = UnsafeRawPointer(values.baseAddress)
      unsafe withUnsafePointer(to: row) {
        var call = unsafe pc_row_convolution(
          convolution: $0, arithmetic: arithmetic.code,
          tap_sums: UnsafePointer(taps.pictures.count == 0 ? nil : taps.pictures.baseAddress))
        let ranges = ranges.map { pc_pixel_range(begin: $0.lowerBound, end: $0.upperBound) }
        unsafe kernel.row.pointee.run(&call, ranges, ranges.count, scratch.base)
      }
    }
  }
}
