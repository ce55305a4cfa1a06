import CModelSchema
import CProtobufC
import Glibc

/// The memory that one decoding may take.
///
/// Safety: `allocator` points to this object, which the decoding outlives; one thread uses it.
@safe
final class ProtobufMemory {
  private var remaining: Int
  private(set) var isExceeded = false

  init(byteCount: Int) { remaining = byteCount }

  /// Memory is zeroed because protobuf-c 1.4.1 may free fields of a broken message it never set.
  var allocator: ProtobufCAllocator {
    unsafe ProtobufCAllocator(
      alloc: { memory, size in
        guard let memory = unsafe memory,
          unsafe Unmanaged<ProtobufMemory>.fromOpaque(memory).takeUnretainedValue().take(size)
        else { return nil }
        return unsafe calloc(1, max(size, 1))
      },
      free: { _, block in unsafe free(block) },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
  }

  private func take(_ size: Int) -> Bool {
    guard size >= 0, size <= remaining else {
      isExceeded = true
      return false
    }
    remaining -= size
    return true
  }
}
