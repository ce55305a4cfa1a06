/// How the stored rows of a photograph relate to the upright picture.
///
/// - Source: EXIF 2.32, tag 0x0112.
enum EXIFOrientation: UInt16, CaseIterable {
  /// Stored as seen.
  case upright = 1
  /// Tags 2 to 8, named after what was done to the upright picture before it was stored.
  case mirrored, halfTurned, flipped, transposed, quarterTurnedLeft, transversed, quarterTurnedRight

  /// The orientation in the EXIF segment of a JPEG file; `upright` when there is none or it is
  /// malformed, since the pixels are whole either way.
  init(ofJPEG bytes: [UInt8]) {
    let tag = Self.tiffBlock(ofJPEG: bytes).flatMap(Self.orientationTag)
    self = tag.flatMap(Self.init) ?? .upright
  }

  /// Whether width and height change places.
  var swapsSides: Bool { rawValue >= Self.transposed.rawValue }

  /// Whether stored columns run from right to left, seen upright.
  var reversesColumns: Bool {
    [.mirrored, .halfTurned, .transversed, .quarterTurnedRight].contains(self)
  }

  /// Whether stored rows run from bottom to top, seen upright.
  var reversesRows: Bool {
    [.halfTurned, .flipped, .quarterTurnedLeft, .transversed].contains(self)
  }

  private static func tiffBlock(ofJPEG bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let exif = Array("Exif\0\0".utf8)
    var position = 2
    while position + 4 <= bytes.count, bytes[position] == 0xFF {
      let marker = bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      let end = position + 2 + length
      guard marker != 0xDA, length >= 2, end <= bytes.count else { return nil }
      let payload = bytes[(position + 4)..<end]
      if marker == 0xE1, payload.starts(with: exif) { return payload.dropFirst(exif.count) }
      position = end
    }
    return nil
  }

  private static func orientationTag(in tiff: ArraySlice<UInt8>) -> UInt16? {
    let isLittle = tiff.starts(with: Array("II".utf8))
    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset + count <= tiff.count else { return nil }
      let field = tiff.dropFirst(offset).prefix(count)
      return (isLittle ? Array(field.reversed()) : Array(field)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard isLittle || tiff.starts(with: Array("MM".utf8)), number(at: 2, bytes: 2) == 42,
      let directory = number(at: 4, bytes: 4), let entries = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<entries {
      let offset = directory + 2 + 12 * entry
      guard let tag = number(at: offset, bytes: 2) else { return nil }
      if tag == 0x0112 { return number(at: offset + 8, bytes: 2).flatMap(UInt16.init(exactly:)) }
    }
    return nil
  }
}

extension Picture {
  /// The picture as it is meant to be seen, when its rows are stored in `orientation`.
  func upright(from orientation: EXIFOrientation) -> Picture {
    guard orientation != .upright else { return self }
    let newWidth = orientation.swapsSides ? height : width
    let newHeight = orientation.swapsSides ? width : height
    var turned = [UInt16]()
    turned.reserveCapacity(samples.count)
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let (column, row) = orientation.swapsSides ? (y, x) : (x, y)
        let storedColumn = orientation.reversesColumns ? width - 1 - column : column
        let storedRow = orientation.reversesRows ? height - 1 - row : row
        let start = (storedRow * width + storedColumn) * channels
        for channel in 0..<channels { turned.append(samples[start + channel]) }
      }
    }
    return Picture(
      width: newWidth, height: newHeight, channels: channels, bitDepth: bitDepth, samples: turned,
      colorProfile: colorProfile)
  }
}
