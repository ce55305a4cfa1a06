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

  /// Makes sure that there is memory to fill a picture, beside that of the network.
  ///
  /// - Throws: `PartialConvError` of kind `unreadable`.
  func checkMemory(height: Int, width: Int) throws(PartialConvError) {
    let bytesOfPixel = 3 * (3 * MemoryLayout<Float>.stride + 2 * MemoryLayout<UInt16>.stride)
    let byteCount = height * width * bytesOfPixel
    guard MappedMemory.isAvailable(byteCount: byteCount) else {
      throw PartialConvError(
        .unreadable,
        "to fill \(width)x\(height) pixels needs \(byteCount) bytes of memory, which the system "
          + "does not have: use a smaller picture, or free some memory")
    }
  }

  /// Normalised picture and mask for inpainting, `height` x `width`, missing beyond the picture.
  ///
  /// - Returns: `image` and `mask`, `f32 [1, 3, H, W]`, or `[1, H, W, 3]` with channels last.
  func arrays(
    _ picture: Picture, _ mask: Mask, height: Int, width: Int
  ) -> [String: Tensor] {
    let colors = (0..<3).map { channel in
      (0...picture.maximumSample).map { sample in
        (Float(sample) / Float(picture.maximumSample) - processing.mean[channel])
          / processing.deviation[channel]
      }
    }
    let sampleStep = picture.colorChannels == 3 ? 1 : 0
    let image = unsafe tensor(of: mask, height: height, width: width) {
      pixels, channel, places, step in
      let colors = colors[channel]
      let samples = picture.samples.span
      let validity = mask.validity.span
      var (sample, place) = (pixels.lowerBound * picture.channels + channel * sampleStep, 0)
      for pixel in pixels {
        let color = colors[Int(samples[sample])]
        unsafe places[place] = processing.feedsMaskedPicture ? color * validity[pixel] : color
        sample += picture.channels
        place += step
      }
    }
    let validity = unsafe tensor(of: mask, height: height, width: width) {
      pixels, _, places, step in
      let validity = mask.validity.span
      var place = 0
      for pixel in pixels {
        unsafe places[place] = validity[pixel]
        place += step
      }
    }
    return ["image": image, "mask": validity]
  }

  /// Three values for each pixel of a mask, zeros for those of the frame around it.
  ///
  /// - Parameter fill: writes a channel of a row's pixels, `step` numbers from one to the next.
  private func tensor(
    of mask: Mask, height: Int, width: Int,
    _ fill: (
      _ pixels: Range<Int>, _ channel: Int, _ places: UnsafeMutablePointer<Float>, _ step: Int
    ) -> Void
  ) -> Tensor {
    let shape = isChannelsLast ? [1, height, width, 3] : [1, 3, height, width]
    let (step, plane) = isChannelsLast ? (3, 1) : (1, height * width)
    return unsafe Tensor(elementType: .float32, shape: shape) {
      guard let values = unsafe $0.bindMemory(to: Float.self).baseAddress else { return }
      for row in 0..<mask.height {
        for channel in 0..<3 {
          unsafe fill(
            row * mask.width..<(row + 1) * mask.width, channel,
            values + row * width * step + channel * plane, step)
        }
      }
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
