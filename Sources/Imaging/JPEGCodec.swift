import CJPEG
import Glibc

/// JPEG files in memory; the one caller of libjpeg.
enum JPEGCodec {
  /// SOI and the first byte of the next marker (ITU-T T.81, B.1.1).
  static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// The grey or RGB samples of a JPEG file, turned upright by its EXIF orientation.
  ///
  /// The integer DCT and smooth chroma upsampling of libjpeg's defaults; equal in every build that
  /// keeps to them.
  /// - Throws: `corrupt` (also where libjpeg would invent missing pixels), `unsupported` for CMYK,
  ///   12-bit, lossless files, `limitExceeded` for too many pixels or progressive scans.
  static func decode(
    _ bytes: [UInt8], place: String, limits: ImagingLimits
  ) throws(ImagingError) -> Picture {
    var message = [CChar](repeating: 0, count: PC_JPEG_MESSAGE_SIZE)
    var header = pc_jpeg_header()
    try check(
      unsafe pc_jpeg_read_header(bytes, bytes.count, &header, &message), message, place)
    let width = Int(header.width)
    let height = Int(header.height)
    let channels = Int(header.channels)
    let pixels = try limits.pixelCount(width: width, height: height, in: place)
    var samples = [UInt16](repeating: 0, count: pixels * channels)
    var profile: UnsafeMutablePointer<UInt8>? = nil
    var profileSize: UInt32 = 0
    defer { unsafe free(profile) }
    try check(
      unsafe pc_jpeg_decode(
        bytes, bytes.count, header, &samples, &profile, &profileSize, &message), message, place)
    return Picture(
      width: width, height: height, channels: channels, bitDepth: 8, samples: samples,
      colorProfile: unsafe Array(UnsafeBufferPointer(start: profile, count: Int(profileSize)))
    ).upright(from: EXIFOrientation(ofJPEG: bytes))
  }

  /// A baseline JPEG file of an 8-bit grey or RGB picture, without chroma subsampling.
  ///
  /// - Throws: `unsupported` for 16 bits, for alpha, and for a side above 65500 pixels.
  static func encode(
    _ picture: Picture, quality: Int, place: String
  ) throws(ImagingError) -> [UInt8] {
    guard picture.bitDepth == 8, !picture.hasAlpha,
      max(picture.width, picture.height) <= Int(JPEG_MAX_DIMENSION)
    else {
      throw ImagingError(
        .unsupported,
        "a JPEG holds 8-bit grey or RGB up to \(JPEG_MAX_DIMENSION) pixels a side; this picture is "
          + "\(picture.width) x \(picture.height), \(picture.channels) channels of "
          + "\(picture.bitDepth) bits", in: place, remedy: "write a .png file")
    }
    let header = pc_jpeg_header(
      width: UInt32(picture.width), height: UInt32(picture.height),
      channels: UInt32(picture.channels))
    var message = [CChar](repeating: 0, count: PC_JPEG_MESSAGE_SIZE)
    let profile = picture.colorProfile ?? []
    var row = [UInt8](repeating: 0, count: picture.width * picture.channels)
    var output: UnsafeMutablePointer<UInt8>? = nil
    var count: UInt = 0
    defer { unsafe free(output) }
    try check(
      unsafe pc_jpeg_encode(
        header, CInt(quality), picture.samples, profile, UInt32(profile.count), &row, &output,
        &count, &message), message, place)
    return unsafe Array(UnsafeBufferPointer(start: output, count: Int(count)))
  }

  private static func check(
    _ status: pc_jpeg_status, _ message: [CChar], _ place: String
  ) throws(ImagingError) {
    switch status {
    case PC_JPEG_OK: return
    case PC_JPEG_UNSUPPORTED:
      throw ImagingError(
        .unsupported, "this kind of JPEG is not handled: \(text(message))", in: place,
        remedy: "convert it to an 8-bit grey or RGB (not CMYK) JPEG, or to PNG")
    case PC_JPEG_TOO_MANY_SCANS:
      throw ImagingError(
        .limitExceeded, "the JPEG has more than \(PC_JPEG_MAXIMUM_SCANS) scans", in: place,
        remedy: "save it again as a baseline JPEG or as PNG")
    default:
      throw ImagingError(
        .corrupt, "the JPEG is damaged: \(text(message))", in: place,
        remedy: "save or download the file again")
    }
  }
}
