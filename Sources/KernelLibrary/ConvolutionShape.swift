/// One picture that a convolution reads, `[N, height, width, pixelStride]` numbers of its
/// arithmetic.
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
  /// What `u8` numbers mean.
  package var scale: ByteScale?
  /// Where a whole window is one pixel: how many rows lie under it, and how far apart.
  package var windowRows: (count: Int, distance: Int)?

  /// Bytes that are read beyond the last pixel where windows are pixels.
  package static let windowSlack = 64

  package init(
    pixels: MemoryRegion, mask: MemoryRegion? = nil, channels: Range<Int>, pixelStride: Int,
    height: Int, width: Int, upsampling: Int = 1, scale: ByteScale? = nil,
    windowRows: (count: Int, distance: Int)? = nil
  ) {
    self.pixels = pixels
    self.mask = mask
    self.channels = channels
    self.pixelStride = pixelStride
    self.height = height
    self.width = width
    self.upsampling = upsampling
    self.scale = scale
    self.windowRows = windowRows
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
