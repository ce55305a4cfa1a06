import KernelLibrary
import TensorCore

/// Copies between tensors, in the graph's order of axes, and memory of a plan.
enum TensorTransfer {
  /// Bytes that one thread copies at a time.
  private static let pieceByteCount = 1 << 18
  /// Pixels of one byte that fill a cache line.
  private static let pixelsOfLine = 64

  /// - Parameter pool: the threads that copy; the calling one alone when nil.
  static func store(
    _ tensor: Tensor, as layout: ValueLayout, into region: MemoryRegion, on pool: ThreadPool? = nil
  ) {
    precondition(tensor.byteCount == layout.byteCount, "a tensor does not fit its layout")
    copy(
      [0..<layout.frame.pixelCount], of: layout, tensor.storage.region, into: region,
      intoMemory: true, on: pool)
  }

  /// - Parameters:
  ///   - pixels: those to copy, the others are zeros; all when nil.
  ///   - pool: the threads that copy; the calling one alone when nil.
  ///   - kept: storage of an earlier result, which is used again if nobody holds it.
  static func tensor(
    _ layout: ValueLayout, from region: MemoryRegion, pixels: PixelSet? = nil,
    on pool: ThreadPool? = nil, reusing kept: inout AlignedStorage?
  ) -> Tensor {
    let wanted = pixels.flatMap { $0.isAll ? nil : $0.ranges() }
    let storage = unsafe AlignedStorage.filled(byteCount: layout.byteCount, reusing: &kept) {
      guard let base = $0.baseAddress else { return }
      let destination = unsafe MemoryRegion(base: base, byteCount: $0.count)
      if wanted != nil, !$1 { destination.clear() }
      copy(
        wanted ?? [0..<layout.frame.pixelCount], of: layout, region, into: destination,
        intoMemory: false, on: pool)
    }
    return Tensor(elementType: layout.elementType, shape: layout.shape, storage: storage)
  }

  /// Copies pixels, counted through all images, between a tensor in the graph's order of axes and
  /// memory.
  private static func copy(
    _ pixels: [Range<Int>], of layout: ValueLayout, _ source: MemoryRegion,
    into destination: MemoryRegion, intoMemory: Bool, on pool: ThreadPool?
  ) {
    let pieces = PixelPieces(
      pixels, wanted: layout.byteCount / pieceByteCount, unit: pixelsOfLine)
    let body = { @Sendable (piece: Int, _: Int) in
      for range in pieces[piece] {
        copy(range, of: layout, source, into: destination, intoMemory: intoMemory)
      }
    }
    guard let pool else {
      for piece in 0..<pieces.count { body(piece, 0) }
      return
    }
    pool.run(pieceCount: pieces.count, body)
  }

  private static func copy(
    _ pixels: Range<Int>, of layout: ValueLayout, _ source: MemoryRegion,
    into destination: MemoryRegion, intoMemory: Bool
  ) {
    let size = layout.byteCount / layout.frame.pixelCount
    guard layout.isPicture, layout.channels > 1 else {
      let (start, count) = (pixels.lowerBound * size, pixels.count * size)
      return destination.slice(at: start, byteCount: count)
        .copy(from: source.slice(at: start, byteCount: count))
    }
    let area = layout.height * layout.width
    let kernel = LayoutKernel(
      channels: layout.channels, area: area, elementSize: layout.elementType.byteCount)
    for image in pixels.lowerBound / area...(pixels.upperBound - 1) / area {
      let places = pixels.clamped(to: image * area..<(image + 1) * area)
      let range = places.lowerBound - image * area..<places.upperBound - image * area
      let from = source.slice(at: image * area * size, byteCount: area * size)
      let to = destination.slice(at: image * area * size, byteCount: area * size)
      if intoMemory {
        kernel.interleave(from, into: to, range)
      } else {
        kernel.separate(from, into: to, range)
      }
    }
  }
}
