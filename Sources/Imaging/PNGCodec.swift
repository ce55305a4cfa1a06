import CPNG
import Glibc

/// PNG files in memory; the one caller of libpng.
enum PNGCodec {
  /// The eight bytes every PNG file starts with (PNG specification, 5.2).
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The samples of a PNG file: palettes become RGB, fewer than 8 bits become 8 (`0...255`), a
  /// transparent colour becomes an alpha channel. Exact; gamma chunks are ignored.
  ///
  /// - Throws: `corrupt` (also for a wrong CRC or a file that ends early), `limitExceeded`.
  static func decode(
    _ bytes: [UInt8], place: String, limits: ImagingLimits
  ) throws(ImagingError) -> Picture {
    var message = [CChar](repeating: 0, count: PC_PNG_MESSAGE_SIZE)
    var header = pc_png_header()
    guard unsafe pc_png_read_header(bytes, bytes.count, &header, &message) == 1 else {
      throw corrupt(message, place)
    }
    let width = Int(header.width)
    let height = Int(header.height)
    let channels = Int(header.channels)
    let pixels = try limits.pixelCount(width: width, height: height, in: place)
    var samples = [UInt16](repeating: 0, count: pixels * channels)
    var profile = unsafe pc_png_output()
    defer { unsafe free(profile.bytes) }
    guard unsafe pc_png_decode(bytes, bytes.count, header, &samples, &profile, &message) == 1
    else { throw corrupt(message, place) }
    return Picture(
      width: width, height: height, channels: channels, bitDepth: Int(header.bit_depth),
      samples: samples,
      colorProfile: unsafe Array(UnsafeBufferPointer(start: profile.bytes, count: profile.count)))
  }

  /// A PNG file that decodes to the same picture; the same bytes for the same picture.
  ///
  /// - Throws: `unsupported` when libpng refuses, as for a side of 2^31 pixels.
  static func encode(_ picture: Picture, place: String) throws(ImagingError) -> [UInt8] {
    guard let width = UInt32(exactly: picture.width), let height = UInt32(exactly: picture.height)
    else {
      throw ImagingError(
        .unsupported, "\(picture.width) x \(picture.height) pixels do not fit in a PNG",
        in: place, remedy: "write a smaller picture")
    }
    let header = pc_png_header(
      width: width, height: height, channels: UInt32(picture.channels),
      bit_depth: UInt32(picture.bitDepth))
    var message = [CChar](repeating: 0, count: PC_PNG_MESSAGE_SIZE)
    var output = unsafe pc_png_output()
    defer { unsafe free(output.bytes) }
    let profile = picture.colorProfile ?? []
    guard
      unsafe pc_png_encode(
        header, picture.samples, profile, profile.count, &output, &message) == 1
    else {
      throw ImagingError(
        .unsupported, "the picture cannot be encoded as PNG: \(text(message))", in: place,
        remedy: "write a smaller picture")
    }
    return unsafe Array(UnsafeBufferPointer(start: output.bytes, count: output.count))
  }

  private static func corrupt(_ message: [CChar], _ place: String) -> ImagingError {
    ImagingError(
      .corrupt, "the PNG is damaged: \(text(message))", in: place,
      remedy: "save or download the file again")
  }
}

/// The text of a C string in an array, up to its NUL; `no memory` when it is empty, since the
/// libraries fail without words only before they have an object to report through.
func text(_ message: [CChar]) -> String {
  let bytes = message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
  return bytes.isEmpty ? "no memory" : String(decoding: bytes, as: UTF8.self)
}
