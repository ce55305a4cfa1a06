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
  /// From this size on, memory begins on a large page where the system offers them.
  private static let largePageByteCount = 1 << 21

  /// The first byte. It is valid while this value lives.
  package let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// Maps `byteCount` bytes; nil when the system refuses.
  package init?(byteCount: Int) {
    self.byteCount = max(byteCount, 1)
    let isLarge = self.byteCount >= Self.largePageByteCount
    let length = self.byteCount + (isLarge ? Self.largePageByteCount : 0)
    let mapped = unsafe mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
    guard isLarge else {
      unsafe base = mapped
      return
    }
    unsafe base = mapped.alignedUp(toMultipleOf: Self.largePageByteCount)
    let end = unsafe (base + self.byteCount).alignedUp(toMultipleOf: Int(getpagesize()))
    unsafe Self.unmap(mapped, to: base)
    unsafe Self.unmap(end, to: mapped + length)
    #if os(Linux)
      _ = unsafe madvise(base, self.byteCount, MADV_HUGEPAGE)
    #endif
  }

  /// Returns whole pages to the system.
  @unsafe
  private static func unmap(_ first: UnsafeMutableRawPointer, to end: UnsafeMutableRawPointer) {
    if unsafe end > first { _ = unsafe munmap(first, end - first) }
  }

  /// Whether the system would map `byteCount` bytes now.
  package static func isAvailable(byteCount: Int) -> Bool {
    MappedMemory(byteCount: byteCount) != nil
  }

  deinit { unsafe munmap(base, byteCount) }
}
