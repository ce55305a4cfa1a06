package import TensorCore

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Zeroed memory for the values and scratch space of one plan.
///
/// Safety: the mapping is made and removed here and its address never changes; who may write which
/// bytes at a time is for the plan to say.
@safe
package final class Arena: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Maps `byteCount` bytes, on large pages where the system offers them; nil when it refuses.
  package init?(byteCount: Int) {
    guard byteCount <= Processor.physicalMemoryByteCount else { return nil }
    let length = max(byteCount, 1)
    let address = unsafe mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { return nil }
    unsafe base = address
    self.byteCount = byteCount
    #if os(Linux)
      if byteCount >= 1 << 21 { _ = unsafe madvise(address, length, MADV_HUGEPAGE) }
    #endif
  }

  deinit { unsafe munmap(base, max(byteCount, 1)) }

  /// The whole arena. It is valid while the arena lives.
  package var region: MemoryRegion { unsafe MemoryRegion(base: base, byteCount: byteCount) }
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
