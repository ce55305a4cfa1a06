import GraphPasses
import InferenceRuntime
import PartialConv
import TensorCore
import TestSupport
import Testing

/// Holes and edits through whole networks, in every precision.
@Suite struct WantedPixelTests {
  private static let rows = [
    AgreementCase(checkpoint: "keras/unet_weights.h5", arrays: "keras/unet.npz"),
    AgreementCase(checkpoint: "pytorch/naoto_unet.pth", arrays: "pytorch/naoto_unet.npz"),
    AgreementCase(checkpoint: "crai/first_bn.pth", arrays: "crai/first_bn.npz"),
  ]

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func convert(_ row: AgreementCase, _ precision: Precision) throws -> Model {
    let path = folder.path("\(precision.rawValue).pcm")
    let calibration = precision == .int8 ? PackageFiles.fixture(row.arrays) : nil
    _ = try ModelConversion.convert(
      row.checkpointPath, to: path, row.request,
      precision: PrecisionRequest(precision: precision, calibration: calibration),
      replacing: false)
    return try Model.load(path, tier: .fast)
  }

  /// The frame of pictures `[N, C, H, W]` or `[N, H, W, C]`.
  private static func frame(_ row: AgreementCase, _ picture: Tensor) -> PixelSet.Frame {
    let first = row.checkpoint.hasSuffix(".h5") ? 1 : 2
    return PixelSet.Frame(
      images: picture.shape[0], height: picture.shape[first], width: picture.shape[first + 1])
  }

  /// A disk, and a line through every image.
  private static func hole(_ frame: PixelSet.Frame) -> PixelSet {
    PixelSet(frame) { row, column in
      let (across, down) = (column - frame.width / 3, row % frame.height - frame.height / 2)
      return across * across + down * down < frame.height * frame.height / 64
        || column == (row * 2) % frame.width
    }
  }

  /// The tensor with `value` at, or but at, some pixels.
  private static func replaced(
    _ row: AgreementCase, _ tensor: Tensor, _ pixels: PixelSet, inside: Bool, by value: Float
  ) -> Tensor {
    let members = Set(pixels.ranges().flatMap { Array($0) })
    let area = pixels.frame.height * pixels.frame.width
    let isChannelsLast = row.checkpoint.hasSuffix(".h5")
    let channels = tensor.elementCount / (area * pixels.frame.images)
    let values = tensor.floatArray.enumerated().map { index, old in
      let pixel =
        isChannelsLast ? index / channels : index / (area * channels) * area + index % area
      return members.contains(pixel) == inside ? value : old
    }
    return Tensor(values, shape: tensor.shape)
  }

  @Test(arguments: rows, [Precision.float32, .bfloat16, .int8])
  func `gives a hole the bits of a whole run`(
    _ row: AgreementCase, _ precision: Precision
  ) throws {
    let inputs = try row.loadArrays().inputs
    let model = try convert(row, precision)
    let whole = try model.makeSession(threads: 1).run(inputs)[0].tensor
    let hole = Self.hole(Self.frame(row, whole))
    let session = model.makeSession(threads: 2, retaining: .nothing)
    _ = try session.run(
      inputs.mapValues {
        Tensor([Float](repeating: .nan, count: $0.elementCount), shape: $0.shape)
      })
    let actual = try session.run(inputs, wanted: [model.outputs[0].name: hole])[0].tensor
    #expect(actual == Self.replaced(row, whole, hole, inside: false, by: 0))
  }

  @Test(arguments: rows, [Precision.float32, .int8])
  func `gives an edited picture the bits of a fresh run`(
    _ row: AgreementCase, _ precision: Precision
  ) throws {
    var inputs = try row.loadArrays().inputs
    let model = try convert(row, precision)
    let session = model.makeSession(threads: 2, retaining: .everything)
    let frame = Self.frame(row, try session.run(inputs)[0].tensor)
    for corner in [(2, 5), (20, 9), (20, 9)] {
      let edit = PixelSet(frame) { line, column in
        (corner.0..<corner.0 + 6).contains(line) && (corner.1..<corner.1 + 4).contains(column)
      }
      inputs["mask"] = inputs["mask"].map { Self.replaced(row, $0, edit, inside: true, by: 0) }
      let fresh = try model.makeSession(threads: 1).run(inputs).map(\.tensor)
      #expect(try session.run(inputs).map(\.tensor) == fresh)
    }
  }
}
