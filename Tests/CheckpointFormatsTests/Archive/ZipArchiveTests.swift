import OrderedCollections
import Testing

@testable import CheckpointFormats

@Suite struct ZipArchiveTests {
  private let content = Array("hello hello hello hello".utf8)

  private func open(_ zip: ZipFixture) throws -> ZipArchive {
    try ZipArchive(FileBytes(zip.bytes, name: "a.zip"))
  }

  private func readAll(_ zip: ZipFixture) throws {
    let archive = try open(zip)
    for entry in archive.entries.values { _ = try archive.bytes(of: entry, limit: 1 << 24) }
  }

  private func zip(_ edit: (inout ZipFixture.Entry) -> Void) -> ZipFixture {
    var first = ZipFixture.Entry("m/a", content)
    edit(&first)
    return ZipFixture([first, .init("m/b", [1, 2, 3])])
  }

  @Test func `reads stored and deflated entries in the order of the directory`() throws {
    let archive = try open(zip { $0.isDeflated = true })
    #expect(Array(archive.entries.keys) == ["m/a", "m/b"])
    #expect(try archive.bytes(of: archive.entry("m/a"), limit: 100) == content)
    #expect(try archive.bytes(of: archive.entry("m/b"), limit: 100) == [1, 2, 3])
    #expect(try archive.prefix(of: archive.entry("m/a"), count: 5) == Array("hello".utf8))
    #expect(archive.hasChecksums)
  }

  @Test func `reads an empty entry, an empty deflated entry and leaves folders out`() throws {
    var empty = ZipFixture.Entry("m/e", [])
    let plain = ZipFixture([empty, .init("m/", [])])
    #expect(try open(plain).entries.count == 1)
    empty.isDeflated = true
    try readAll(ZipFixture([empty]))
  }

  @Test func `uses the end record whose comment reaches the end of the file`() throws {
    var inner = zip { _ in }
    inner.comment = ZipFixture([.init("x/evil", [6])]).bytes
    inner.comment += [0]
    #expect(try Array(open(inner).entries.keys) == ["m/a", "m/b"])
  }

  @Test func `accepts absent checksums only when every entry lacks one`() throws {
    let none = ZipFixture(
      ["m/a", "m/b"].map {
        var entry = ZipFixture.Entry($0, content)
        entry.checksum = 0
        return entry
      })
    #expect(try open(none).hasChecksums == false)
    try readAll(none)
    expectError(.corrupt, "checksum mismatch") { try readAll(zip { $0.checksum = 0 }) }
  }

  @Test func `compares the checksum of an entry that is read in parts`() throws {
    let archive = try open(zip { $0.checksum = 7 })
    let block = StoredBlock(archive, try archive.entry("m/a"))
    expectError(.corrupt, "file is damaged (m/a)") {
      try unsafe withUnsafeTemporaryAllocation(byteCount: 4, alignment: 1) { buffer in
        try unsafe block.read(at: 2, into: buffer)
      }
    }
  }

  @Test func `rejects a file without a directory`() {
    expectError(.truncated, "the zip directory at its end is missing") {
      _ = try ZipArchive(
        FileBytes([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 60), name: "a"))
    }
    var junk = zip { _ in }
    junk.trailer = [1]
    expectError(.truncated, "zip directory") { _ = try open(junk) }
  }

  @Test func `rejects repeated, overlapping and misnamed entries`() {
    expectError(.corrupt, "two entries named 'm/b'") { _ = try open(zip { $0.name = "m/b" }) }
    expectError(.corrupt, "overlapping entries 'm/a' and 'm/b'") {
      _ = try open(
        zip {
          $0.size = 40
          $0.compressedSize = 40
        })
    }
    expectError(.corrupt, "names an entry differently") {
      _ = try open(zip { $0.localName = "m/x" })
    }
    expectError(.corrupt, "names an entry differently") {
      var second = zip { _ in }
      second.entries[1].offset = 0
      _ = try open(second)
    }
  }

  @Test func `rejects sizes and offsets that lie`() {
    expectError(.corrupt, "two sizes, 24 and 23") { _ = try open(zip { $0.size = 24 }) }
    expectError(.corrupt, "reaches past the zip directory") {
      _ = try open(
        zip {
          $0.size = 5000
          $0.compressedSize = 5000
        })
    }
    expectError(.corrupt, "starts outside the file") { _ = try open(zip { $0.offset = 1 << 30 }) }
    expectError(.corrupt, "no entry where one is") { _ = try open(zip { $0.offset = 3 }) }
    expectError(.corrupt, "does not unpack to the 22 bytes") {
      try readAll(
        zip {
          $0.isDeflated = true
          $0.size = 22
        })
    }
    expectError(.corrupt, "does not unpack to the 24 bytes") {
      try readAll(
        zip {
          $0.isDeflated = true
          $0.size = 24
        })
    }
    expectError(.limitExceeded, "would unpack to 10000000 bytes from") {
      _ = try open(
        zip {
          $0.isDeflated = true
          $0.size = 10_000_000
        })
    }
    expectError(.truncated) { _ = try open(zip { $0.size = 0xFFFF_FFFF }) }
    expectError(.corrupt, "damaged zip directory") {
      var more = zip { _ in }
      more.entries[1].extra = [9, 9, 0, 0]
      more.entries[1].name = "m/b"
      var bytes = more.bytes
      bytes[bytes.count - 22 - 4 - 3 - 46] = 0x51
      _ = try ZipArchive(FileBytes(bytes, name: "a"))
    }
    expectError(.truncated) {
      var more = zip { _ in }
      more.entryCount = 3
      _ = try open(more)
    }
    expectError(.corrupt, "stray bytes") {
      var fewer = zip { _ in }
      fewer.entryCount = 1
      _ = try open(fewer)
    }
  }

  @Test func `rejects encryption, other methods and split archives`() {
    expectError(.unsupported, "encrypted") { _ = try open(zip { $0.flags = 1 }) }
    expectError(.unsupported, "method 99") { _ = try open(zip { $0.method = 99 }) }
    expectError(.unsupported, "split") {
      var part = zip { _ in }
      part.disk = 1
      _ = try open(part)
    }
  }

  @Test func `rejects names that are empty, too long or not UTF-8`() throws {
    expectError(.corrupt, "name is empty") { _ = try open(zip { $0.name = "" }) }
    expectError(.corrupt, "too long") {
      _ = try open(zip { $0.name = String(repeating: "n", count: 5000) })
    }
    var bytes = ZipFixture([.init("q", [])]).bytes
    for index in bytes.indices where bytes[index] == UInt8(ascii: "q") { bytes[index] = 0xFF }
    let damaged = FileBytes(bytes, name: "a")
    expectError(.corrupt, "not UTF-8") { _ = try ZipArchive(damaged) }
    expectError(.missing, "no entry 'x'") { _ = try open(zip { _ in }).entry("x") }
  }

  @Test func `rejects more bytes than asked for`() throws {
    let archive = try open(zip { _ in })
    expectError(.limitExceeded) { _ = try archive.bytes(of: archive.entry("m/a"), limit: 4) }
  }

  @Test(arguments: [0xFFFF_FFFF, 4]) func `reads what the writer wrote`(threshold: Int) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.zip"
      var writer = try ZipWriter(path: path, zip64Threshold: threshold)
      try unsafe writer.add("a", header: [1, 2], payload: content.span.bytes)
      try unsafe writer.add("b", header: [], payload: content.span.bytes)
      try writer.finish()
      let archive = try ZipArchive(FileBytes(path: path))
      #expect(try archive.bytes(of: archive.entry("a"), limit: 100) == [1, 2] + content)
      #expect(try archive.bytes(of: archive.entry("b"), limit: 100) == content)
    }
  }
}
