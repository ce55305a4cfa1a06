import KernelLibrary
import TensorCore

/// Copies between tensors, in the graph's order of axes, and memory of a plan.
enum TensorTransfer {
  static func store(_ tensor: Tensor, as layout: ValueLayout, into region: MemoryRegion) {
    precondition(tensor.byteCount == layout.byteCount, "a tensor does not fit its layout")
    transfer(tensor.storage.region, to: region, layout, intoMemory: true)
  }

  static func tensor(_ layout: ValueLayout, from region: MemoryRegion) -> Tensor {
    unsafe Tensor(elementType: layout.elementType, shape: layout.shape) { bytes in
      guard let base = bytes.baseAddress else { return }
      let destination = unsafe MemoryRegion(base: base, byteCount: bytes.count)
      transfer(region, to: destination, layout, intoMemory: false)
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
