/// An owned block of memory aligned to a cache line, immutable while it is shared.
///
/// Safety: `base` is allocated or mapped, fully initialised and freed here, and is written only
/// while the initialiser or who reuses it holds the one reference, so sharing between threads is
/// sharing of constant memory.
@safe
package final class AlignedStorage: @unchecked Sendable {
  /// Alignment of every tensor in memory and in the model file, in bytes.
  package static let alignment = 64

  /// `byteCount` up to the next multiple of the alignment.
  package static func aligned(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  /// Storage of this size and more is mapped, so that the system has it back once it is freed.
  private static let leastMappedByteCount = 1 << 20

  private let base: UnsafeMutableRawPointer
  /// What `base` lies in; nil when it was allocated.
  private let mapping: MappedMemory?
  package let byteCount: Int

  /// Allocates `byteCount` zero bytes and lets `fill` write them. Where the system has none,
  /// `MemoryExhaustion` ends the process.
  package init<Failure: Error>(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(byteCount >= 0, "a storage cannot have a negative size")
    self.byteCount = byteCount
    if byteCount >= Self.leastMappedByteCount {
      guard let mapping = MappedMemory(byteCount: byteCount) else {
        MemoryExhaustion.end(byteCount)
      }
      unsafe base = mapping.base
      self.mapping = consume mapping
    } else {
      unsafe base = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
      unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
      mapping = nil
    }
    try unsafe fill(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
  }

  /// Storage of `byteCount` bytes: `kept` where nobody else holds it, else a new one, which is kept
  /// from then on. New memory costs a fault for each of its pages.
  ///
  /// - Parameter fill: overwrites all bytes; those of new memory are zeros.
  package static func filled(
    byteCount: Int, reusing kept: inout AlignedStorage?,
    fill: (_ bytes: UnsafeMutableRawBufferPointer, _ isNew: Bool) -> Void
  ) -> AlignedStorage {
    if isKnownUniquelyReferenced(&kept), let kept, kept.byteCount == byteCount {
      unsafe fill(UnsafeMutableRawBufferPointer(start: kept.base, count: byteCount), false)
      return kept
    }
    let storage = unsafe AlignedStorage(byteCount: byteCount) { unsafe fill($0, true) }
    kept = storage
    return storage
  }

  deinit {
    if mapping == nil { unsafe base.deallocate() }
  }

  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
