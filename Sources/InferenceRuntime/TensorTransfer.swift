import KernelLibrary
import TensorCore

/// Copies between tensors, in the graph's order of axes, and memory of a plan.
enum TensorTransfer {
  /// Bytes that one thread copies at a time.
  private static let pieceByteCount = 1 << 18
  private static let lineByteCount = 64

  /// - Parameter pool: the threads that copy; the calling one alone when nil.
  static func store(
    _ tensor: Tensor, as layout: ValueLayout, into region: MemoryRegion, on pool: ThreadPool? = nil
  ) {
    precondition(tensor.byteCount == layout.byteCount, "a tensor does not fit its layout")
    transfer(tensor.storage.region, to: region, layout, intoMemory: true, on: pool)
  }

  /// - Parameters:
  ///   - pixels: those to copy, the others are zeros; all when nil.
  ///   - pool: the threads that copy; the calling one alone when nil.
  ///   - kept: storage of an earlier result, which is used again if nobody holds it.
  static func tensor(
    _ layout: ValueLayout, from region: MemoryRegion, pixels: PixelSet? = nil,
    on pool: ThreadPool? = nil, reusing kept: inout AlignedStorage?
  ) -> Tensor {
    let storage = unsafe AlignedStorage.filled(byteCount: layout.byteCount, reusing: &kept) {
      guard let base = $0.baseAddress else { return }
      let destination = unsafe MemoryRegion(base: base, byteCount: $0.count)
      transfer(region, to: destination, layout, intoMemory: false, on: pool)
      guard let pixels else { return }
      for range in PixelSet(allOf: pixels.frame).subtracting(pixels).ranges() {
        clear(range, of: layout, in: destination)
      }
    }
    return Tensor(elementType: layout.elementType, shape: layout.shape, storage: storage)
  }

  /// Writes zeros to pixels, counted through all images, of a tensor in the graph's order of axes.
  private static func clear(
    _ pixels: Range<Int>, of layout: ValueLayout, in tensor: MemoryRegion
  ) {
    let size = layout.elementType.byteCount
    let channels = layout.elementCount / layout.frame.pixelCount
    guard layout.isPicture else {
      tensor.slice(
        at: pixels.lowerBound * channels * size, byteCount: pixels.count * channels * size
      ).clear()
      return
    }
    let area = layout.height * layout.width
    for image in pixels.lowerBound / area...(pixels.upperBound - 1) / area {
      let places = pixels.clamped(to: image * area..<(image + 1) * area)
      for channel in 0..<channels {
        let first = (image * (channels - 1) + channel) * area + places.lowerBound
        tensor.slice(at: first * size, byteCount: places.count * size).clear()
      }
    }
  }

  private static func transfer(
    _ source: MemoryRegion, to destination: MemoryRegion, _ layout: ValueLayout, intoMemory: Bool,
    on pool: ThreadPool?
  ) {
    guard layout.isPicture, layout.channels > 1 else {
      let pieces = PieceRanges(
        layout.byteCount, wanted: layout.byteCount / pieceByteCount, unit: lineByteCount)
      run(pieces.count, on: pool) { piece in
        let (start, count) = (pieces[piece].lowerBound, pieces[piece].count)
        destination.slice(at: start, byteCount: count)
          .copy(from: source.slice(at: start, byteCount: count))
      }
      return
    }
    let area = layout.height * layout.width
    let kernel = LayoutKernel(
      channels: layout.channels, area: area, elementSize: layout.elementType.byteCount)
    let byteCount = layout.byteCount / layout.images
    let pieces = PieceRanges(area, wanted: byteCount / pieceByteCount, unit: lineByteCount)
    run(layout.images * pieces.count, on: pool) { index in
      let (image, pixels) = (index / pieces.count, pieces[index % pieces.count])
      let from = source.slice(at: image * byteCount, byteCount: byteCount)
      let to = destination.slice(at: image * byteCount, byteCount: byteCount)
      if intoMemory {
        kernel.interleave(from, into: to, pixels)
      } else {
        kernel.separate(from, into: to, pixels)
      }
    }
  }

  private static func run(
    _ pieceCount: Int, on pool: ThreadPool?, _ body: @escaping @Sendable (_ piece: Int) -> Void
  ) {
    guard let pool else {
      for piece in 0..<pieceCount { body(piece) }
      return
    }
    pool.run(pieceCount: pieceCount) { piece, _ in body(piece) }
  }
}
