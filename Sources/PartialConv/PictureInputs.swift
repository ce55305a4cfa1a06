import Imaging
import ModelImport
import TensorCore

/// Pictures as a network takes them: sizes, range and layout.
struct PictureInputs {
  private let processing: PictureProcessing
  private let isChannelsLast: Bool

  init(_ processing: PictureProcessing, isChannelsLast: Bool) {
    self.processing = processing
    self.isChannelsLast = isChannelsLast
  }

  /// Normalised picture and mask for inpainting, `height` x `width`, missing beyond the picture.
  ///
  /// - Returns: `image` and `mask`, `f32 [1, 3, H, W]`, or `[1, H, W, 3]` with channels last.
  func arrays(
    _ picture: Picture, _ mask: Mask, height: Int, width: Int
  ) -> [String: Tensor] {
    let pixels = picture.tensor().floatArray
    var image = [Float](repeating: 0, count: height * width * 3)
    var validity = image
    for row in 0..<min(mask.height, height) {
      for column in 0..<min(mask.width, width) {
        let valid = mask.validity[row * mask.width + column]
        for channel in 0..<3 {
          let value = pixels[(row * mask.width + column) * 3 + channel]
          let normalised = (value - processing.mean[channel]) / processing.deviation[channel]
          let index = (row * width + column) * 3 + channel
          image[index] = processing.feedsMaskedPicture ? normalised * valid : normalised
          validity[index] = valid
        }
      }
    }
    return ["image": image, "mask": validity].mapValues { values in
      inLayout(Tensor(values, shape: [1, height, width, 3]))
    }
  }

  /// A picture for classification: resized, cut, in 0...1, less mean, over deviation.
  ///
  /// - Returns: `f32 [1, 3, H, W]`, or `[1, H, W, 3]` with channels last.
  /// - Throws: `PartialConvError` of kind `mismatch` for a picture smaller than the cut,
  ///   `unreadable` when the resized picture would be too large.
  func array(_ picture: Picture) throws(PartialConvError) -> Tensor {
    let prepared = try cut(resized(picture))
    var values = prepared.tensor().floatArray
    for index in values.indices {
      let channel = index % 3
      values[index] = (values[index] - processing.mean[channel]) / processing.deviation[channel]
    }
    return inLayout(Tensor(values, shape: [1, prepared.height, prepared.width, 3]))
  }

  private func inLayout(_ tensor: Tensor) -> Tensor {
    isChannelsLast ? tensor : tensor.transposed([0, 3, 1, 2])
  }

  private func resized(_ picture: Picture) throws(PartialConvError) -> Picture {
    guard let short = processing.resize else { return picture }
    let shorter = min(picture.width, picture.height)
    guard shorter != short else { return picture }
    return try reporting { () throws(ImagingError) in
      try picture.resized(
        width: picture.width * short / shorter, height: picture.height * short / shorter,
        filter: .bilinear)
    }
  }

  /// The middle of the picture; where an odd row or column is left, halves go to the even start.
  private func cut(_ picture: Picture) throws(PartialConvError) -> Picture {
    guard let side = processing.crop else { return picture }
    guard picture.width >= side, picture.height >= side else {
      throw PartialConvError(
        .mismatch,
        "the picture is \(picture.width)x\(picture.height), the network takes the "
          + "\(side)x\(side) in the middle: give a larger picture")
    }
    let top = Int((Double(picture.height - side) / 2).rounded(.toNearestOrEven))
    let left = Int((Double(picture.width - side) / 2).rounded(.toNearestOrEven))
    let channels = picture.channels
    let samples = (top..<top + side).flatMap { row in
      let start = (row * picture.width + left) * channels
      return picture.samples[start..<start + side * channels]
    }
    return Picture(
      width: side, height: side, channels: channels, bitDepth: picture.bitDepth, samples: samples)
  }
}
