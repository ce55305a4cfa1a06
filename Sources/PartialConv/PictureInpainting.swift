public import Imaging
import InferenceRuntime
import ModelImport
import TensorCore

/// Fills the missing pixels of pictures by a model that takes a picture and a mask.
public struct PictureInpainting {
  private let session: ModelSession
  private let processing: PictureProcessing
  private let inputs: PictureInputs
  private let isChannelsLast: Bool

  /// - Throws: `PartialConvError` of kind `usage` when the model does not take pictures and masks.
  public init(_ session: ModelSession) throws(PartialConvError) {
    let model = session.model
    guard let processing = model.processing, model.inputs.map(\.name) == ["image", "mask"] else {
      throw PartialConvError(
        .usage,
        "the model '\(model.network)' does not fill pictures; give its arrays with --input instead")
    }
    self.session = session
    self.processing = processing
    isChannelsLast = model.inputs[0].type.hasSuffix("nhwc")
    inputs = PictureInputs(processing, isChannelsLast: isChannelsLast)
  }

  /// The picture with its missing pixels filled; valid pixels keep their samples.
  ///
  /// Sizes that the network does not take are continued with missing pixels and cut back. Only what
  /// the missing pixels follow from is computed.
  /// - Parameter isComposited: false for the network's own output everywhere.
  /// - Throws: `PartialConvError` when sizes differ, or of kind `notFinite` for a broken output.
  public func fill(
    _ picture: Picture, _ mask: Mask, isComposited: Bool = true
  ) throws(PartialConvError) -> Picture {
    guard picture.width == mask.width, picture.height == mask.height else {
      throw PartialConvError(
        .mismatch,
        "the picture is \(picture.width)x\(picture.height), the mask \(mask.width)x\(mask.height): "
          + "they must agree")
    }
    let (height, width) = try paddedSize(height: picture.height, width: picture.width)
    try inputs.checkMemory(height: height, width: width)
    let arrays = inputs.arrays(picture, mask, height: height, width: width)
    var wanted: [String: PixelSet] = [:]
    if isComposited, session.model.keepsPictureSize, let picture = session.model.outputs.first {
      wanted[picture.name] = mask.missingPixels(in: .init(height: height, width: width))
    }
    guard let output = try session.run(arrays, wanted: wanted).first?.tensor else {
      throw PartialConvError(.internalFault, "the model gave no output")
    }
    let predicted = try makePicture(output, like: picture, isComposited ? mask : nil)
    guard isComposited else { return predicted }
    return try reporting { () throws(ImagingError) in
      try composite(original: picture, predicted: predicted, mask: mask)
    }
  }

  private func paddedSize(
    height: Int, width: Int
  ) throws(PartialConvError) -> (height: Int, width: Int) {
    switch session.model.pictureSize {
    case .any: return (height, width)
    case .fixed(let rows, let columns):
      guard height <= rows, width <= columns else {
        throw PartialConvError(
          .usage,
          "the picture is \(width)x\(height), the network takes at most \(columns)x\(rows)")
      }
      return (rows, columns)
    case .multiples(let rows, let columns):
      return ((height + rows - 1) / rows * rows, (width + columns - 1) / columns * columns)
    }
  }

  /// The output as a picture of the original's size; where a mask is given, its valid pixels are
  /// black.
  private func makePicture(
    _ output: Tensor, like original: Picture, _ mask: Mask?
  ) throws(PartialConvError) -> Picture {
    let (rows, columns, channels) = isChannelsLast ? (1, 2, 3) : (2, 3, 1)
    let shape = output.shape
    guard shape.count == 4, shape[0] == 1, shape[channels] == 3, shape[rows] >= original.height,
      shape[columns] >= original.width
    else {
      throw PartialConvError(
        .usage,
        "the network's output \(shape) is no colour picture of the input's size; give its "
          + "arrays with --input instead")
    }
    let (width, height) = (shape[columns], shape[rows])
    let (step, plane) = isChannelsLast ? (3, 1) : (1, height * width)
    let values = output.floats
    let validity = mask?.validity
    var samples = [UInt16](repeating: 0, count: original.height * original.width * 3)
    for row in 0..<original.height {
      for column in 0..<original.width {
        let pixel = row * original.width + column
        if let validity, validity[pixel] == 1 { continue }
        for channel in 0..<3 {
          var value = values[(row * width + column) * step + channel * plane]
          if processing.outputIsNormalised {
            value = value * processing.deviation[channel] + processing.mean[channel]
          }
          guard value.isFinite else {
            throw PartialConvError(
              .notFinite, "the network's output is not finite: nothing was written")
          }
          samples[pixel * 3 + channel] =
            Picture.sample(of: value, maximumSample: original.maximumSample)
        }
      }
    }
    return Picture(
      width: original.width, height: original.height, channels: 3, bitDepth: original.bitDepth,
      samples: samples, colorProfile: original.colorProfile)
  }
}

extension Mask {
  /// The pixels that are not wholly valid, in a frame that continues the mask.
  fileprivate func missingPixels(in frame: PixelSet.Frame) -> PixelSet {
    PixelSet(frame) { row, column in
      row < height && column < width && validity[row * width + column] != 1
    }
  }
}
