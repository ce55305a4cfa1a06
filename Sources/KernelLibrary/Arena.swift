package import TensorCore

/// Zeroed memory for the values and scratch space of one plan.
package final class Arena: Sendable {
  private let mapping: MappedMemory
  package let byteCount: Int

  /// Maps `byteCount` bytes, on large pages where the system offers them; nil when it refuses.
  package init?(byteCount: Int) {
    guard byteCount <= Processor.physicalMemoryByteCount,
      let mapping = MappedMemory(byteCount: byteCount)
    else { return nil }
    self.mapping = mapping
    self.byteCount = byteCount
  }

  /// The whole arena. It is valid while the arena lives.
  package var region: MemoryRegion {
    unsafe MemoryRegion(base: mapping.base, byteCount: byteCount)
  }
}

extension AlignedStorage {
  /// The bytes as a region to read. It is valid while the storage lives.
  package var region: MemoryRegion {
    unsafe bytes.withUnsafeBytes {
      unsafe MemoryRegion(
        base: UnsafeMutableRawPointer(mutating: $0.baseAddress.unsafelyUnwrapped),
        byteCount: $0.count)
    }
  }
}
