import Foundation
import GraphIR
import Imaging
import ModelImport
import TensorCore

/// The inputs of a network that calibration runs it on.
struct CalibrationSamples {
  /// Pictures that are used of a larger folder or file.
  static let maximumCount = 32
  /// Runs that fewer pictures are repeated for, each time under another mask.
  static let leastCount = 12
  /// Pictures with a longer side are made smaller.
  private static let longestSide = 512

  /// One set of inputs for each run.
  private(set) var inputs: [[String: Tensor]] = []
  private let graph: Graph
  private let processing: PictureProcessing?
  private let masks: [String]?

  /// Reads pictures or arrays.
  ///
  /// - Parameters:
  ///   - path: a folder of pictures, one picture, or an `.npz` file with the network's inputs, the
  ///     items of a batch as pictures.
  ///   - masks: a folder of masks, or one mask, white where valid, taken in turn; irregular ones of
  ///     all published hole ratios when nil.
  /// - Throws: `PartialConvError` naming the file and what is wrong with it.
  init(
    _ path: String, masks: String?, graph: Graph, processing: PictureProcessing?
  ) throws(PartialConvError) {
    self.graph = graph
    self.processing = processing
    self.masks = try masks.map { path throws(PartialConvError) in try PictureFiles.list(path) }
    if path.lowercased().hasSuffix(".npz") {
      try readArchive(path)
    } else {
      try readPictures(PictureFiles.list(path))
    }
  }

  private mutating func readPictures(_ files: [String]) throws(PartialConvError) {
    guard let processing, let input = graph.inputs.first?.type else {
      throw PartialConvError(
        .usage,
        "--calibrate: the network @\(graph.name) does not take pictures; give an .npz file with "
          + graph.inputs.map { "\($0.name) \($0.type)" }.joined(separator: " and "))
    }
    let preparation = PictureInputs(processing, isChannelsLast: input.layout == .nhwc)
    for run in 0..<runCount(files.count) {
      let picture = try PictureFiles.read(files[run % files.count])
      guard hasMask else {
        inputs.append([graph.inputs[0].name: try preparation.array(picture)])
        continue
      }
      let size = PictureSize(graph).nearest(
        height: picture.height, width: picture.width, longest: Self.longestSide)
      let fitted = try reporting { () throws(ImagingError) in
        try picture.resized(width: size.width, height: size.height, filter: .bilinear)
      }
      let mask = try mask(run, height: size.height, width: size.width)
      inputs.append(
        preparation.arrays(fitted, mask, height: size.height, width: size.width))
    }
  }

  private mutating func readArchive(_ path: String) throws(PartialConvError) {
    let arrays = Dictionary(try ArrayFile.readArchive(path).map { ($0.name, $0.tensor) }) { $1 }
    var given: [String: Tensor] = [:]
    for input in graph.inputs {
      let array = ([input.name] + input.aliases).compactMap { arrays[$0] }.first
      guard let array, array.shape.count == input.type.rank, array.shape[0] > 0 else {
        if input.name == "mask", array == nil, graph.inputs.count > 1 { continue }
        throw PartialConvError(
          .mismatch,
          "\(path): needs an array '\(input.name)' \(input.type), has "
            + arrays.keys.sorted().map { "\($0) \(arrays[$0]?.shape ?? [])" }
            .joined(separator: ", "))
      }
      given[input.name] = array.convertedToFloat32()
    }
    let counts = Set(given.values.map { $0.shape[0] })
    guard let count = counts.first, counts.count == 1 else {
      throw PartialConvError(.mismatch, "\(path): its arrays have batches of different sizes")
    }
    for run in 0..<(given["mask"] == nil ? runCount(count) : min(count, Self.maximumCount)) {
      var sample = given.mapValues { $0.item(run % count) }
      if hasMask, sample["mask"] == nil { try addMask(to: &sample, run) }
      inputs.append(sample)
    }
  }

  /// A mask for an array that was given without one; the picture is cleared in its holes.
  private func addMask(
    to sample: inout [String: Tensor], _ run: Int
  ) throws(PartialConvError) {
    guard let input = graph.inputs.first(where: { $0.name == "mask" }),
      let image = sample[graph.inputs[0].name], image.shape.count == 4
    else { return }
    let isLast = input.type.layout == .nhwc
    let (height, width) =
      isLast ? (image.shape[1], image.shape[2]) : (image.shape[2], image.shape[3])
    let plane = try mask(run, height: height, width: width).validity
    let channels = input.type.dimensions[isLast ? 3 : 1].fixedValue ?? 1
    let planes = Tensor(
      (0..<channels).flatMap { _ in plane }, shape: [1, channels, height, width])
    let mask = isLast ? planes.transposed([0, 2, 3, 1]) : planes
    sample["mask"] = mask
    if processing?.feedsMaskedPicture ?? true, mask.shape == image.shape {
      sample[graph.inputs[0].name] = Tensor(
        zip(image.floatArray, mask.floatArray).map { $0 * $1 }, shape: image.shape)
    }
  }

  private var hasMask: Bool {
    graph.inputs.contains { $0.name == "mask" } && graph.inputs.count > 1
  }

  private func runCount(_ pictures: Int) -> Int {
    hasMask
      ? min(max(pictures, Self.leastCount), Self.maximumCount)
      : min(pictures, Self.maximumCount)
  }

  /// The mask of a run: the given ones in turn, else each published range of holes in turn, seeded.
  private func mask(_ run: Int, height: Int, width: Int) throws(PartialConvError) -> Mask {
    guard let masks else {
      let ratios = IrregularMask.publishedRatios
      var generator = IrregularMask(width: width, height: height, seed: UInt64(run))
      return generator.next(
        ratio: ratios[run % ratios.count], reachesBorder: run / ratios.count % 2 == 1)
    }
    let file = masks[run % masks.count]
    return try reporting { () throws(ImagingError) in
      let drawn = try Picture.read(file).resized(width: width, height: height, filter: .nearest)
      return try Mask(drawn, validColor: .white, name: file)
    }
  }
}

extension Tensor {
  /// One item of an `f32` batch, `[1, …]`.
  fileprivate func item(_ index: Int) -> Tensor {
    let values = floats
    let size = values.count / shape[0]
    return Tensor(
      (index * size..<(index + 1) * size).map { values[$0] }, shape: [1] + shape.dropFirst())
  }
}
