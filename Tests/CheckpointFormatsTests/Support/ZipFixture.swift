import CZlib

@testable import CheckpointFormats

/// A zip archive in memory, written as PyTorch does, every field of which can lie.
struct ZipFixture {
  struct Entry {
    var name: String
    var content: [UInt8]
    var localName: String?
    var isDeflated = false
    var method: UInt16?
    var flags: UInt16 = 0x0808
    var checksum: UInt32?
    var size: Int?
    var compressedSize: Int?
    var offset: Int?
    var extra: [UInt8] = []

    init(_ name: String, _ content: [UInt8]) {
      self.name = name
      self.content = content
    }
  }

  var entries: [Entry]
  var entryCount: Int?
  var disk: UInt16 = 0
  var comment: [UInt8] = []
  var trailer: [UInt8] = []

  init(_ entries: [Entry]) { self.entries = entries }

  var bytes: [UInt8] {
    func field<T: FixedWidthInteger>(_ value: T) -> [UInt8] { Pickle.littleEndian(value) }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = entry.offset ?? file.count
      let data = entry.isDeflated ? deflated(entry.content) : entry.content
      let method = entry.method ?? (entry.isDeflated ? 8 : 0)
      let sum = entry.checksum ?? checksum(of: entry.content)
      let sizes =
        field(UInt32(entry.compressedSize ?? data.count))
        + field(UInt32(entry.size ?? entry.content.count))
      let localName = Array((entry.localName ?? entry.name).utf8)
      file += field(0x0403_4B50 as UInt32) + field(0 as UInt16) + field(entry.flags)
      file += field(method) + [UInt8](repeating: 0, count: 16)
      file += field(UInt16(localName.count)) + field(0 as UInt16) + localName + data
      file += field(0x0807_4B50 as UInt32) + field(sum) + sizes
      let name = Array(entry.name.utf8)
      directory += field(0x0201_4B50 as UInt32) + field(0 as UInt32) + field(entry.flags)
      directory += field(method) + field(0 as UInt32) + field(sum) + sizes
      directory += field(UInt16(name.count)) + field(UInt16(entry.extra.count))
      directory += [UInt8](repeating: 0, count: 10) + field(UInt32(offset)) + name + entry.extra
    }
    let start = file.count
    file += directory + field(0x0605_4B50 as UInt32) + field(disk) + field(disk)
    let count = UInt16(entryCount ?? entries.count)
    file += field(count) + field(count) + field(UInt32(directory.count)) + field(UInt32(start))
    return file + field(UInt16(comment.count)) + comment + trailer
  }
}

/// CRC-32 of bytes.
func checksum(of bytes: [UInt8]) -> UInt32 {
  UInt32(truncatingIfNeeded: unsafe bytes.withUnsafeBytes { unsafe ZipArchive.checksum(of: $0) })
}

/// The raw deflate stream of bytes.
func deflated(_ bytes: [UInt8]) -> [UInt8] {
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + 1024)
  let capacity = UInt32(output.count)
  let left = unsafe input.withUnsafeMutableBufferPointer { source in
    unsafe output.withUnsafeMutableBufferPointer { target in
      var stream = unsafe z_stream()
      _ = unsafe pc_deflate_init_raw(&stream, 9)
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = capacity
      _ = unsafe deflate(&stream, Z_FINISH)
      _ = unsafe deflateEnd(&stream)
      return unsafe stream.avail_out
    }
  }
  return Array(output.prefix(Int(capacity - left)))
}
