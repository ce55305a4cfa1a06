/// An image in memory: rows from top to bottom, samples exactly as the file stores them.
///
/// `samples: [height, width, channels]` in C order, each 0...255 (`bitDepth` 8) or 0...65535
/// (`bitDepth` 16). No gamma or colour profile is ever applied; a profile is kept beside them.
public struct Picture: Equatable, Sendable {
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; alpha is not premultiplied.
  public let channels: Int
  /// 8 or 16; files of fewer bits are widened to 8.
  public let bitDepth: Int
  /// `[height, width, channels]` in C order.
  public let samples: [UInt16]
  /// The ICC profile that tells which colours the samples mean, as files embed it.
  public let colorProfile: [UInt8]?

  /// Traps unless there are `width * height * channels` samples of at most `maximumSample`.
  ///
  /// - Parameter colorProfile: left out when it is none for pictures of so many channels.
  public init(
    width: Int, height: Int, channels: Int, bitDepth: Int, samples: [UInt16],
    colorProfile: [UInt8]? = nil
  ) {
    precondition(width > 0 && height > 0, "a picture of \(width) x \(height) has no pixels")
    precondition((1...4).contains(channels), "a picture cannot have \(channels) channels")
    precondition(bitDepth == 8 || bitDepth == 16, "a picture cannot have \(bitDepth)-bit samples")
    precondition(
      samples.count == width * height * channels,
      "\(samples.count) samples for a picture of \(width) x \(height) x \(channels)")
    precondition(
      bitDepth == 16 || samples.allSatisfy { $0 <= 255 }, "a sample does not fit in 8 bits")
    self.width = width
    self.height = height
    self.channels = channels
    self.bitDepth = bitDepth
    self.samples = samples
    let space = colorProfile?.dropFirst(Self.colorSpacePlace).prefix(4)
    let isFitting = space?.elementsEqual((channels < 3 ? "GRAY" : "RGB ").utf8) ?? false
    self.colorProfile = isFitting ? colorProfile : nil
  }

  /// Where the colour space stands in an ICC profile (ICC.1:2022, 7.2.1).
  private static let colorSpacePlace = 16

  /// The sample that stands for 1.0: 255 or 65535.
  public var maximumSample: Int { (1 << bitDepth) - 1 }

  /// Whether the last channel is alpha.
  public var hasAlpha: Bool { channels == 2 || channels == 4 }

  /// Channels that carry colour: 1 or 3.
  public var colorChannels: Int { hasAlpha ? channels - 1 : channels }
}
