#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A piece of memory that a kernel reads or writes: an address and a size, owned by someone else.
///
/// Safety: an arena, a tensor or packed weights own the bytes and outlive every plan that holds a
/// region of them; the plan gives steps that run at the same time disjoint regions to write. Every
/// access from a kernel wrapper is checked against the size.
@safe
package struct MemoryRegion: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  package let byteCount: Int

  @unsafe
  package init(base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    self.byteCount = byteCount
  }

  /// The bytes `offset..<offset + byteCount`.
  package func slice(at offset: Int, byteCount: Int) -> MemoryRegion {
    precondition(
      offset >= 0 && byteCount >= 0 && offset <= self.byteCount - byteCount,
      "bytes \(offset)..<\(offset + byteCount) lie outside a region of \(self.byteCount)")
    return unsafe MemoryRegion(base: base + offset, byteCount: byteCount)
  }

  /// The floats `offset..<offset + count`.
  package func floats(at offset: Int, count: Int) -> MemoryRegion {
    slice(at: offset * 4, byteCount: count * 4)
  }

  package var floatCount: Int { byteCount / 4 }

  /// Calls `body` with the bytes, to fill or to read.
  @unsafe
  package func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
    unsafe body(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
  }

  /// Copies the bytes of `source`, which has the same size.
  package func copy(from source: MemoryRegion) {
    precondition(source.byteCount == byteCount, "copies keep the size")
    unsafe base.copyMemory(from: source.base, byteCount: byteCount)
  }

  /// Whether both have the same bytes.
  package func equals(_ other: MemoryRegion) -> Bool {
    unsafe byteCount == other.byteCount && memcmp(base, other.base, byteCount) == 0
  }

  /// Whether some byte belongs to both.
  package func overlaps(_ other: MemoryRegion) -> Bool {
    unsafe base < other.base + other.byteCount && other.base < base + byteCount
  }

  /// Whether both have the same first byte.
  package func begins(with other: MemoryRegion) -> Bool { unsafe base == other.base }

  /// Writes zero to every byte.
  package func clear() {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// Writes `value` to every float.
  package func fill(_ value: Float) {
    unsafe base.initializeMemory(as: Float.self, repeating: value, count: floatCount)
  }

  /// The address of `count` floats, checked to lie inside the region.
  @unsafe
  func pointer(floats count: Int) -> UnsafeMutablePointer<Float> {
    precondition(
      count >= 0 && count <= byteCount / 4, "\(count) floats exceed a region of \(byteCount) bytes")
    return unsafe base.assumingMemoryBound(to: Float.self)
  }

  /// The address of `count` numbers of four bytes as integers.
  @unsafe
  func pointer(integers count: Int) -> UnsafeMutablePointer<Int32> {
    unsafe UnsafeMutableRawPointer(pointer(floats: count)).assumingMemoryBound(to: Int32.self)
  }

  @unsafe
  func pointer(bytes count: Int) -> UnsafeMutablePointer<UInt8> {
    precondition(count >= 0 && count <= byteCount, "\(count) bytes exceed a region of \(byteCount)")
    return unsafe base.assumingMemoryBound(to: UInt8.self)
  }
}
