import CKernels
import TensorCore

/// The parts of one kernel as C reads them.
///
/// Safety: the structures and what they point at are filled here once and never change, but for the
/// place tables that the kernel sets before it first runs.
@safe
final class ConvolutionPartTable {
  let pictures: UnsafeMutableBufferPointer<pc_picture>
  let integerParts: UnsafeMutableBufferPointer<pc_integer_part>
  private let zeros: UnsafeMutableBufferPointer<UInt8>
  private let corrections: UnsafeMutableBufferPointer<Int32>

  init(_ parts: [ConvolutionPart], shape: ConvolutionShape, weights: PackedWeights) {
    let isInteger = weights.kernel.arithmetic == .integer8
    precondition(
      parts.allSatisfy { ($0.scale != nil) == isInteger },
      "u8 pictures, and they alone, have a scale")
    unsafe pictures = .allocate(capacity: parts.count)
    unsafe integerParts = .allocate(capacity: isInteger ? parts.count : 0)
    let size = weights.arithmetic.pictureType.byteCount
    let pixelSizes = parts.map { weights.kernel.paddedChannels($0.channels.count) * size }
    unsafe zeros = .allocate(capacity: pixelSizes.reduce(0, +))
    unsafe corrections = .allocate(capacity: isInteger ? parts.count * weights.paddedOutputs : 0)
    var place = 0
    for (index, part) in parts.enumerated() {
      var picture = unsafe Self.picture(part, shape, weights.kernel.arithmetic)
      let pixel = unsafe UnsafeMutableBufferPointer(
        rebasing: zeros[place..<place + pixelSizes[index]])
      unsafe pixel.initialize(repeating: UInt8(part.scale?.zeroPoint ?? 0))
      unsafe picture.zeros = UnsafeRawPointer(pixel.baseAddress)
      unsafe pictures.initializeElement(at: index, to: picture)
      place += pixelSizes[index]
    }
    if isInteger { correct(parts, weights) }
  }

  deinit {
    unsafe pictures.deallocate()
    unsafe integerParts.deallocate()
    unsafe zeros.deallocate()
    unsafe corrections.deallocate()
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
      unsafe integerParts.initializeElement(
        at: index,
        to: pc_integer_part(
          scale: scale.scale, correction: UnsafePointer(vector.baseAddress)))
    }
  }

  private static func picture(
    _ part: ConvolutionPart, _ shape: ConvolutionShape, _ arithmetic: Arithmetic
  ) -> pc_picture {
    let pixels = shape.images * part.height * part.width
    let lastColumn = (shape.width - 1) * shape.stride[1]
    let readsNeighbours =
      shape.kernel[1] == 1 && shape.padding == [0, 0]
      && lastColumn * part.pixelStride + part.channels.upperBound <= part.width * part.pixelStride
    precondition(
      part.channels.upperBound <= part.pixelStride || readsNeighbours,
      "a part has fewer channels than a kernel reads")
    let size = arithmetic.pictureType.byteCount
    let first = unsafe part.pixels.pointer(bytes: pixels * part.pixelStride * size)
    return unsafe pc_picture(
      pixels: first + part.channels.lowerBound * size,
      mask: part.mask.map { unsafe UnsafePointer($0.pointer(floats: pixels)) }, zeros: nil,
      zero_point: UInt8(part.scale?.zeroPoint ?? 0), channels: part.channels.count,
      pixel_stride: part.pixelStride, height: part.height, width: part.width,
      upsampling: part.upsampling, row_places: nil, column_places: nil)
  }
}
