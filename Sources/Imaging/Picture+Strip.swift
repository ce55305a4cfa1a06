extension Picture {
  /// Pictures of one height, as RGB of 8 bits, from left to right with white between them.
  ///
  /// Alpha is dropped, grey repeated, and 16-bit samples are rounded to 8 bits.
  /// - Parameter gap: white columns between neighbours.
  public static func strip(_ pictures: [Picture], gap: Int) -> Picture {
    precondition(!pictures.isEmpty, "a strip needs a picture")
    let height = pictures[0].height
    precondition(pictures.allSatisfy { $0.height == height }, "a strip's pictures differ in height")
    let width = pictures.reduce(gap * (pictures.count - 1)) { $0 + $1.width }
    var samples: [UInt16] = []
    samples.reserveCapacity(width * height * 3)
    for row in 0..<height {
      for (index, picture) in pictures.enumerated() {
        if index > 0 { samples += [UInt16](repeating: 255, count: gap * 3) }
        for column in 0..<picture.width {
          for channel in 0..<3 { samples.append(picture.byte(row, column, channel)) }
        }
      }
    }
    return Picture(width: width, height: height, channels: 3, bitDepth: 8, samples: samples)
  }

  private func byte(_ row: Int, _ column: Int, _ channel: Int) -> UInt16 {
    let place = colorChannels == 1 ? 0 : channel
    let sample = Int(samples[(row * width + column) * channels + place])
    return UInt16((sample * 255 + maximumSample / 2) / maximumSample)
  }
}

extension Mask {
  /// The mask as a grey picture of 8 bits, white where it is valid.
  public var picture: Picture {
    Picture(
      width: width, height: height, channels: 1, bitDepth: 8,
      samples: validity.map { UInt16(($0 * 255).rounded()) })
  }
}
