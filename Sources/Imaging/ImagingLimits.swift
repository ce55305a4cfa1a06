import TensorCore

/// How much an image file may ask for; checked before anything is allocated.
public struct ImagingLimits: Equatable, Sendable {
  /// Largest width times height; 64 Mi by default, 512 MiB of RGBA samples.
  public var maximumPixels: Int
  /// Largest file in bytes; 512 MiB by default.
  public var maximumFileBytes: Int

  private static let mostChannels = 4

  /// Limits in pixels and bytes.
  public init(maximumPixels: Int = 1 << 26, maximumFileBytes: Int = 1 << 29) {
    self.maximumPixels = maximumPixels
    self.maximumFileBytes = maximumFileBytes
  }

  /// The number of pixels of a claimed size.
  ///
  /// - Throws: `corrupt` for a side below 1, `limitExceeded` for more than `maximumPixels` or more
  ///   than there is memory for, twice.
  func pixelCount(width: Int, height: Int, in place: String) throws(ImagingError) -> Int {
    guard width > 0, height > 0 else {
      throw ImagingError(
        .corrupt, "the picture is \(width) x \(height) pixels", in: place,
        remedy: "give a picture with at least one pixel")
    }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= maximumPixels else {
      throw ImagingError(
        .limitExceeded,
        "the picture is \(width) x \(height) pixels, more than the limit of \(maximumPixels)",
        in: place, remedy: "make the picture smaller")
    }
    let byteCount = 2 * count * Self.mostChannels * MemoryLayout<UInt16>.stride
    guard MappedMemory.isAvailable(byteCount: byteCount) else {
      throw ImagingError(
        .limitExceeded,
        "the picture is \(width) x \(height) pixels, and the system has no \(byteCount) bytes of "
          + "memory for it", in: place, remedy: "make the picture smaller or free some memory")
    }
    return count
  }
}
