import CKernels
import TensorCore

/// The parts of one kernel as C reads them.
///
/// Safety: the structures and what they point at are filled here once and never change, but for the
/// place tables that the task sets before its kernel first runs.
@safe
final class ConvolutionPartTable {
  let pictures: UnsafeMutableBufferPointer<pc_picture>
  let integerParts: UnsafeMutableBufferPointer<pc_integer_part>
  private let zeros: UnsafeMutableBufferPointer<UInt8>
  private let corrections: UnsafeMutableBufferPointer<Int32>
  private var places = unsafe UnsafeMutableBufferPointer<Int32>(start: nil, count: 0)

  /// - Parameter weights: those of a kernel that takes channels in groups, and zero points as they
  ///   are.
  init(
    _ parts: [ConvolutionPart], shape: ConvolutionShape, arithmetic: Arithmetic,
    weights: PackedWeights? = nil
  ) {
    let isInteger = arithmetic == .integer8
    precondition(
      parts.allSatisfy { ($0.scale != nil) == isInteger },
      "u8 pictures, and they alone, have a scale")
    unsafe pictures = .allocate(capacity: parts.count)
    unsafe integerParts = .allocate(capacity: isInteger ? parts.count : 0)
    let size = arithmetic.pictureType.byteCount
    let pixelSizes = parts.map { part in
      (weights?.kernel.paddedChannels(part.channels.count) ?? part.channels.count) * size
    }
    unsafe zeros = .allocate(capacity: pixelSizes.reduce(0, +))
    let correctionCount = isInteger ? weights?.paddedOutputs ?? 0 : 0
    unsafe corrections = .allocate(capacity: parts.count * correctionCount)
    var place = 0
    for (index, part) in parts.enumerated() {
      var picture = unsafe Self.picture(part, shape, arithmetic)
      let pixel = unsafe UnsafeMutableBufferPointer(
        rebasing: zeros[place..<place + pixelSizes[index]])
      unsafe pixel.initialize(repeating: UInt8(part.scale?.zeroPoint ?? 0))
      unsafe picture.zeros = UnsafeRawPointer(pixel.baseAddress)
      unsafe pictures.initializeElement(at: index, to: picture)
      place += pixelSizes[index]
    }
    for (index, part) in parts.enumerated() {
      guard let scale = part.scale else { continue }
      let correction = unsafe corrections.baseAddress.map { unsafe $0 + index * correctionCount }
      unsafe integerParts.initializeElement(
        at: index,
        to: pc_integer_part(scale: scale.scale, correction: UnsafePointer(correction)))
    }
    if let weights, isInteger { correct(parts, weights) }
  }

  deinit {
    unsafe pictures.deallocate()
    unsafe integerParts.deallocate()
    unsafe zeros.deallocate()
    unsafe corrections.deallocate()
    unsafe places.deallocate()
  }

  /// Tabulates what takes back the zero point of each part.
  private func correct(_ parts: [ConvolutionPart], _ weights: PackedWeights) {
    let count = weights.paddedOutputs
    precondition(weights.sums.count == parts.count, "the parts are not those of the weights")
    for (index, part) in parts.enumerated() {
      guard let scale = part.scale else { continue }
      let vector = unsafe UnsafeMutableBufferPointer(
        rebasing: corrections[index * count..<(index + 1) * count])
      unsafe vector.initialize(repeating: 0)
      for (output, sum) in weights.sums[index].enumerated() {
        unsafe vector[output] = -sum * Int32(scale.zeroPoint)
      }
    }
  }

  /// Tabulates where each row and column under the window of `task` lies in each part.
  func fillPlaces(in task: inout pc_convolution) {
    let (rows, columns) = unsafe (pc_place_count(&task, 0), pc_place_count(&task, 1))
    unsafe places = .allocate(capacity: pictures.count * (rows + columns))
    guard var next = unsafe places.baseAddress else { return }
    for index in unsafe pictures.indices {
      let part = unsafe pictures.baseAddress.unsafelyUnwrapped + index
      unsafe pc_fill_places(&task, part, 0, next)
      unsafe part.pointee.row_places = UnsafePointer(next)
      unsafe next += rows
      unsafe pc_fill_places(&task, part, 1, next)
      unsafe part.pointee.column_places = UnsafePointer(next)
      unsafe next += columns
    }
  }

  /// Every number that a kernel reads lies in the part: channels may go on in the pixels to the
  /// right, and in rows below where they are those of windows.
  private static func check(_ part: ConvolutionPart, _ shape: ConvolutionShape) {
    let (rows, distance) = part.windowRows ?? (1, 0)
    let lastRow = (shape.height - 1) * shape.stride[0]
    let lastColumn = (shape.width - 1) * shape.stride[1]
    let readsNeighbours =
      shape.kernel[1] == 1 && shape.padding == [0, 0]
      && lastColumn * part.pixelStride + part.channels.upperBound / rows
        <= part.width * part.pixelStride
    precondition(
      part.channels.upperBound <= part.pixelStride || readsNeighbours,
      "a part has fewer channels than a kernel reads")
    precondition(
      part.windowRows == nil
        || part.mask == nil && part.channels.lowerBound == 0 && part.channels.count % rows == 0
          && shape.kernel == [1, 1] && lastRow + (rows - 1) * distance < part.height,
      "a window lies outside its picture")
  }

  private static func picture(
    _ part: ConvolutionPart, _ shape: ConvolutionShape, _ arithmetic: Arithmetic
  ) -> pc_picture {
    check(part, shape)
    let pixels = shape.images * part.height * part.width
    let size = arithmetic.pictureType.byteCount
    let slack = part.windowRows == nil ? 0 : ConvolutionPart.windowSlack
    let first = unsafe part.pixels.pointer(bytes: pixels * part.pixelStride * size + slack)
    return unsafe pc_picture(
      pixels: first + part.channels.lowerBound * size,
      mask: part.mask.map { unsafe UnsafePointer($0.pointer(floats: pixels)) }, zeros: nil,
      zero_point: UInt8(part.scale?.zeroPoint ?? 0), channels: part.channels.count,
      spans: part.windowRows?.count ?? 0,
      span_pitch: (part.windowRows?.distance ?? 0) * part.width * part.pixelStride,
      pixel_stride: part.pixelStride, height: part.height, width: part.width,
      upsampling: part.upsampling, row_places: nil, column_places: nil)
  }
}
