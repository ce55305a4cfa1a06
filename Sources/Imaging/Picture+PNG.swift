extension Picture {
  /// The picture as the bytes of a PNG file; the same bytes for the same picture.
  ///
  /// - Throws: `unsupported` when libpng refuses, as for a side of 2^31 pixels.
  package func pngBytes() throws(ImagingError) -> [UInt8] {
    try PNGCodec.encode(self, place: "memory")
  }
}
