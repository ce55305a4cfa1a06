import CKernels

/// Conversions between `f32` pictures and those of fewer bits.
package enum StorageKernel {
  /// Stores the floats of `x` as `storage` says; `count` numbers.
  package static func narrow(
    _ x: MemoryRegion, to storage: ResultStorage, count: Int, into y: MemoryRegion
  ) {
    let from = unsafe x.pointer(floats: count)
    let to = unsafe y.pointer(bytes: count * storage.byteCount)
    switch storage {
    case .bfloat16:
      unsafe to.withMemoryRebound(to: UInt16.self, capacity: count) {
        unsafe pc_f32_to_bf16(from, $0, count)
      }
    case .bytes(let scale):
      unsafe pc_f32_to_u8(from, to, count, 1 / scale.scale, Int32(scale.zeroPoint))
    case .float32, .integerSums: preconditionFailure("\(storage) is not narrow")
    }
  }

  /// Widens `count` numbers of `x`: `u8` with what they mean, else `bf16`.
  package static func widen(
    _ x: MemoryRegion, scale: ByteScale?, count: Int, into y: MemoryRegion
  ) {
    let to = unsafe y.pointer(floats: count)
    guard let scale else {
      let from = unsafe x.pointer(bytes: count * 2)
      unsafe from.withMemoryRebound(to: UInt16.self, capacity: count) {
        unsafe pc_bf16_to_f32($0, to, count)
      }
      return
    }
    unsafe pc_u8_to_f32(
      x.pointer(bytes: count), to, count, scale.scale, Int32(scale.zeroPoint))
  }
}
