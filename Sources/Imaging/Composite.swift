/// The original with its missing pixels taken from a prediction.
///
/// For each sample, with validity `m`, original `o` and prediction `p` brought to the original's
/// depth and channels: `o` bit for bit where `m` is 1, `p` where `m` is 0, else
/// `m * o + (1 - m) * p`, computed in f64 and rounded to nearest, ties up. A colour prediction for
/// a grey original becomes `0.299 r + 0.587 g + 0.114 b`. The prediction's own alpha is ignored: it
/// counts as opaque, so a hole in the original's alpha is filled as well.
/// - Returns: a picture of the original's size, channels, bit depth and colour profile.
/// - Throws: `unsupported` when the three sizes differ.
public func composite(
  original: Picture, predicted: Picture, mask: Mask
) throws(ImagingError) -> Picture {
  guard original.width == predicted.width, original.height == predicted.height,
    original.width == mask.width, original.height == mask.height
  else {
    throw ImagingError(
      .unsupported,
      "the original is \(original.width) x \(original.height), the prediction "
        + "\(predicted.width) x \(predicted.height), the mask \(mask.width) x \(mask.height)",
      in: "composite", remedy: "give the three the same size")
  }
  let scale = Double(original.maximumSample) / Double(predicted.maximumSample)
  let isAlike = scale == 1 && original.channels == 3 && predicted.channels == 3
  var samples = original.samples
  for (pixel, validity) in mask.validity.enumerated() where validity != 1 {
    let start = pixel * original.channels
    if isAlike, validity == 0 {
      for index in start..<start + 3 { samples[index] = predicted.samples[index] }
      continue
    }
    let weight = Double(validity)
    for channel in 0..<original.channels {
      let isAlpha = original.hasAlpha && channel == original.channels - 1
      let prediction =
        isAlpha
        ? Double(original.maximumSample)
        : predicted.color(channel, of: pixel, isGrey: original.colorChannels == 1) * scale
      let blend = weight * Double(samples[start + channel]) + (1 - weight) * prediction
      samples[start + channel] = UInt16(blend.rounded(.toNearestOrAwayFromZero))
    }
  }
  return Picture(
    width: original.width, height: original.height, channels: original.channels,
    bitDepth: original.bitDepth, samples: samples, colorProfile: original.colorProfile)
}

extension Picture {
  /// One colour of a pixel, or its luma when grey is wanted of a colour picture.
  fileprivate func color(_ channel: Int, of pixel: Int, isGrey: Bool) -> Double {
    let start = pixel * channels
    guard colorChannels == 3 else { return Double(samples[start]) }
    guard isGrey else { return Double(samples[start + channel]) }
    return
      (299 * Double(samples[start]) + 587 * Double(samples[start + 1])
      + 114 * Double(samples[start + 2])) / 1000
  }
}
