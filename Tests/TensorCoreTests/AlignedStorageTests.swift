import TensorCore
import Testing

@Suite struct AlignedStorageTests {
  @Test(arguments: [0, 1, 63, 4096, (1 << 20) - 1, 1 << 20, (1 << 21) + 1, 5 << 20])
  func `is zero and aligned before it is filled, and keeps what is written`(byteCount: Int) {
    let storage = unsafe AlignedStorage(byteCount: byteCount) { bytes in
      #expect(bytes.count == byteCount)
      #expect(unsafe bytes.allSatisfy { $0 == 0 })
      let address = unsafe bytes.baseAddress.map { UInt(bitPattern: $0) } ?? 0
      #expect(address % UInt(AlignedStorage.alignment) == 0)
      for index in stride(from: 0, to: byteCount, by: 509) {
        unsafe bytes[index] = UInt8(truncatingIfNeeded: index)
      }
    }
    let written = storage.bytes
    #expect(written.byteCount == byteCount)
    for index in stride(from: 0, to: byteCount, by: 509) {
      #expect(
        unsafe written.unsafeLoad(fromByteOffset: index, as: UInt8.self)
          == UInt8(truncatingIfNeeded: index))
    }
  }

  @Test(arguments: [100, 3 << 20])
  func `is filled again where nobody else holds it`(byteCount: Int) {
    var kept: AlignedStorage?
    let filled = { (byte: UInt8, count: Int) in
      unsafe AlignedStorage.filled(byteCount: count, reusing: &kept) { bytes, isNew in
        let isZero = unsafe bytes.allSatisfy { $0 == 0 }
        #expect(!isNew || isZero)
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: byte)
      }
    }
    let isByte = { (storage: AlignedStorage, byte: UInt8) in
      unsafe storage.bytes.withUnsafeBytes { unsafe $0.allSatisfy { $0 == byte } }
    }
    let first = ObjectIdentifier(filled(1, byteCount))
    let second = filled(2, byteCount)
    #expect(ObjectIdentifier(second) == first)
    let third = filled(3, byteCount)
    #expect(third !== second)
    #expect(isByte(second, 2) && isByte(third, 3))
    #expect(filled(4, byteCount + 1).byteCount == byteCount + 1)
    #expect(isByte(third, 3))
  }

  @Test(arguments: [(1 << 21) + 1, 5 << 20, (6 << 20) + 4096])
  func `begins on a large page where it fills one`(byteCount: Int) {
    guard let mapping = MappedMemory(byteCount: byteCount) else {
      Issue.record("the system has no memory")
      return
    }
    let address = UInt(bitPattern: unsafe mapping.base)
    #expect(address % (1 << 21) == 0)
    unsafe mapping.base.storeBytes(of: 1, toByteOffset: byteCount - 1, as: UInt8.self)
  }
}
