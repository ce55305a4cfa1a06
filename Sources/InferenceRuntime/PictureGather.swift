import KernelLibrary
import TensorCore

/// A step that copies pixels of every image of a picture by index.
struct PictureGather {
  let source: ValueLayout
  var channels: Range<Int>
  /// The source row of each result row, and the source column of each result column; -1 for zeros.
  let rows: [Int32]
  let columns: [Int32]
  var numbers = PixelNumbers()

  init(source: ValueLayout, channels: Range<Int>? = nil, rows: [Int32], columns: [Int32]) {
    self.source = source
    self.channels = channels ?? 0..<source.channels
    self.rows = rows
    self.columns = columns
  }

  /// - Parameters:
  ///   - stride: channels of the result, of which those from `offset` are written.
  func step(
    _ context: LoweringContext, label: String, from region: MemoryRegion,
    mask: MemoryRegion? = nil, into output: MemoryRegion, stride: Int, offset: Int = 0
  ) -> Step {
    let area = source.height * source.width
    let size = numbers.arithmetic.pictureType.byteCount
    let gathers = (0..<source.images).map { image in
      PixelGather(
        numbers,
        source: region.slice(
          at: image * area * source.channels * size, byteCount: area * source.channels * size),
        mask: mask?.floats(at: image * area, count: area), sourceStride: source.channels,
        sourceOffset: channels.lowerBound, sourceHeight: source.height, sourceWidth: source.width,
        channels: channels.count, rows: rows, columns: columns)
    }
    let resultSize = rows.count * columns.count * stride * size
    let pieces = context.pieces(rows.count, elementsEach: columns.count * channels.count)
    return Step(label: label, pieceCount: pieces.count * gathers.count) { piece, _ in
      let image = piece / pieces.count
      gathers[image].run(
        rows: pieces[piece % pieces.count],
        into: output.slice(at: image * resultSize, byteCount: resultSize), stride: stride,
        offset: offset)
    }
  }
}
