import KernelLibrary
import TensorCore

/// Copies between tensors, in the graph's order of axes, and memory of a plan.
enum TensorTransfer {
  static func store(_ tensor: Tensor, as layout: ValueLayout, into region: MemoryRegion) {
    precondition(tensor.byteCount == layout.byteCount, "a tensor does not fit its layout")
    transfer(tensor.storage.region, to: region, layout, intoMemory: true)
  }

  /// - Parameter pixels: those to copy, the others are zeros; all when nil.
  static func tensor(
    _ layout: ValueLayout, from region: MemoryRegion, pixels: PixelSet? = nil
  ) -> Tensor {
    unsafe Tensor(elementType: layout.elementType, shape: layout.shape) { bytes in
      guard let base = bytes.baseAddress else { return }
      let destination = unsafe MemoryRegion(base: base, byteCount: bytes.count)
      transfer(region, to: destination, layout, intoMemory: false)
      guard let pixels else { return }
      for range in PixelSet(allOf: pixels.frame).subtracting(pixels).ranges() {
        clear(range, of: layout, in: destination)
      }
    }
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
    _ source: MemoryRegion, to destination: MemoryRegion, _ layout: ValueLayout, intoMemory: Bool
  ) {
    let size = layout.elementType.byteCount
    guard layout.isPicture, layout.channels > 1 else {
      let byteCount = layout.byteCount
      destination.slice(at: 0, byteCount: byteCount)
        .copy(from: source.slice(at: 0, byteCount: byteCount))
      return
    }
    let area = layout.height * layout.width
    let byteCount = area * layout.channels * size
    for image in 0..<layout.images {
      LayoutKernel.transpose(
        source.slice(at: image * byteCount, byteCount: byteCount),
        rows: intoMemory ? layout.channels : area, columns: intoMemory ? area : layout.channels,
        elementSize: size, into: destination.slice(at: image * byteCount, byteCount: byteCount))
    }
  }
}
