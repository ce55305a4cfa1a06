#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Zeroed memory straight from the system, to which all of it returns when this value goes away.
///
/// Safety: the mapping is made and removed here and its address never changes; who may write which
/// bytes at a time is for the owner to say.
@safe
package struct MappedMemory: ~Copyable, @unchecked Sendable {
  /// From this size on, memory lies on large pages where the system offers them.
  private static let leastLargePageByteCount = 1 << 21

  /// The first byte. It is valid while this value lives.
  package let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// Maps `byteCount` bytes; nil when the system refuses.
  package init?(byteCount: Int) {
    let length = max(byteCount, 1)
    let address = unsafe mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { return nil }
    unsafe base = address
    self.byteCount = length
    #if os(Linux)
      if length >= Self.leastLargePageByteCount {
        _ = unsafe madvise(address, length, MADV_HUGEPAGE)
      }
    #endif
  }

  deinit { unsafe munmap(base, byteCount) }
}
