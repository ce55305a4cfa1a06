import CKernels
import TensorCore

/// Copies pixels of `[rows, columns, channels]` pictures by index: `y[i][j] =
/// x[rows[i]][columns[j]]`, zeros where an index is negative.
package struct PixelGather: Sendable {
  package var numbers: PixelNumbers
  package var source: MemoryRegion
  /// Scales each source pixel; 1 everywhere when there is none.
  package var mask: MemoryRegion?
  package var sourceStride: Int
  package var sourceOffset: Int
  package var sourceHeight: Int
  package var sourceWidth: Int
  package var channels: Int
  package var rows: [Int32]
  package var columns: [Int32]

  package init(
    _ numbers: PixelNumbers = PixelNumbers(), source: MemoryRegion, mask: MemoryRegion? = nil,
    sourceStride: Int, sourceOffset: Int = 0, sourceHeight: Int, sourceWidth: Int, channels: Int,
    rows: [Int32], columns: [Int32]
  ) {
    precondition(
      rows.allSatisfy { $0 < sourceHeight } && columns.allSatisfy { $0 < sourceWidth }
        && sourceOffset + channels <= sourceStride, "a gather reads outside its source")
    self.numbers = numbers
    self.source = source
    self.mask = mask
    self.sourceStride = sourceStride
    self.sourceOffset = sourceOffset
    self.sourceHeight = sourceHeight
    self.sourceWidth = sourceWidth
    self.channels = channels
    self.rows = rows
    self.columns = columns
  }

  /// Fills channels from `offset` of the result rows `part` in `output`.
  package func run(rows part: Range<Int>, into output: MemoryRegion, stride: Int, offset: Int = 0) {
    precondition(
      part.lowerBound >= 0 && part.upperBound <= rows.count
        && offset + channels + numbers.padding <= stride,
      "a gather writes outside its result")
    let (pixels, size) = (sourceHeight * sourceWidth, numbers.arithmetic.pictureType.byteCount)
    let x = unsafe source.pointer(bytes: pixels * sourceStride * size) + sourceOffset * size
    let y =
      unsafe output.pointer(bytes: rows.count * columns.count * stride * size) + offset * size
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe columns.withUnsafeBufferPointer { columns in
        var task = unsafe pc_gather(
          arithmetic: numbers.arithmetic.code, zero_point: UInt8(numbers.zeroPoint), x: x,
          x_stride: sourceStride, x_width: sourceWidth,
          mask: mask.map { unsafe UnsafePointer($0.pointer(floats: pixels)) }, y: y,
          y_stride: stride, channels: channels, padding: numbers.padding, rows: rows.baseAddress,
          columns: columns.baseAddress, y_width: columns.count)
        unsafe pc_gather_pixels(&task, part.lowerBound, part.count)
      }
    }
  }
}

/// What the numbers of copied pixels are.
package struct PixelNumbers: Sendable {
  package var arithmetic: Arithmetic
  /// The number that means 0, which is another than 0 for `u8` only.
  package var zeroPoint: Int
  /// Numbers of 0 that follow the channels of a pixel.
  package var padding: Int

  package init(_ arithmetic: Arithmetic = .float32, zeroPoint: Int = 0, padding: Int = 0) {
    self.arithmetic = arithmetic
    self.zeroPoint = zeroPoint
    self.padding = padding
  }
}

/// Moves images between planes, one per channel, and pixels, whose channels lie together.
package struct LayoutKernel: Sendable {
  private let channels: Int
  private let area: Int
  private let elementSize: Int

  /// - Parameters:
  ///   - area: pixels of an image.
  ///   - elementSize: 1, 2, 4 or 8 bytes.
  package init(channels: Int, area: Int, elementSize: Int) {
    self.channels = channels
    self.area = area
    self.elementSize = elementSize
  }

  /// Bytes of an image.
  private var byteCount: Int { channels * area * elementSize }

  /// `pixels[p][c] = planes[c][p]` for each p of `range`.
  package func interleave(
    _ planes: MemoryRegion, into pixels: MemoryRegion, _ range: Range<Int>
  ) {
    check(range)
    unsafe pc_transpose(
      planes.pointer(bytes: byteCount) + range.lowerBound * elementSize, area,
      pixels.pointer(bytes: byteCount) + range.lowerBound * channels * elementSize, channels,
      channels, range.count, elementSize)
  }

  /// `planes[c][p] = pixels[p][c]` for each p of `range`.
  package func separate(
    _ pixels: MemoryRegion, into planes: MemoryRegion, _ range: Range<Int>
  ) {
    check(range)
    unsafe pc_transpose(
      pixels.pointer(bytes: byteCount) + range.lowerBound * channels * elementSize, channels,
      planes.pointer(bytes: byteCount) + range.lowerBound * elementSize, area, range.count,
      channels, elementSize)
  }

  private func check(_ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= area, "pixels \(range) lie outside an image")
  }

  /// Repeats each value of a plane over `channels` channels.
  package static func expand(_ x: MemoryRegion, channels: Int, into y: MemoryRegion) {
    let count = x.floatCount
    unsafe pc_f32_expand(
      x.pointer(floats: count), y.pointer(floats: count * channels), count, channels)
  }
}

/// Maximum or mean over windows of `[N, H, W, C]` pictures. Pairs are rows, columns.
package struct PoolKernel: Sendable {
  package var isMaximum: Bool
  package var countsBorder: Bool
  package var channels: Int
  package var images: Int
  package var input: [Int]
  package var output: [Int]
  package var kernel: [Int]
  package var stride: [Int]
  package var padding: [Int]

  package init(
    isMaximum: Bool, countsBorder: Bool, channels: Int, images: Int, input: [Int], output: [Int],
    kernel: [Int], stride: [Int], padding: [Int]
  ) {
    self.isMaximum = isMaximum
    self.countsBorder = countsBorder
    self.channels = channels
    self.images = images
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// Computes the output rows `rows`, counted through all images.
  package func run(_ x: MemoryRegion, into y: MemoryRegion, rows: Range<Int>) {
    precondition(rows.upperBound <= images * output[0], "a piece lies outside its picture")
    var task = unsafe pc_pool(
      x: x.pointer(floats: images * input[0] * input[1] * channels),
      y: y.pointer(floats: images * output[0] * output[1] * channels), channels: channels,
      input: (input[0], input[1]), output: (output[0], output[1]), kernel: (kernel[0], kernel[1]),
      stride: (stride[0], stride[1]), padding: (padding[0], padding[1]),
      is_maximum: isMaximum ? 1 : 0, counts_border: countsBorder ? 1 : 0)
    unsafe pc_f32_pool(&task, rows.lowerBound, rows.count)
  }
}
