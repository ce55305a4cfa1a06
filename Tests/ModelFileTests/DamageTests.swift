import Testing

@testable import ModelFile

@Suite struct DamageTests {
  let folder = TemporaryFolder()
  let good: [UInt8]

  init() throws {
    try ModelFileWriter.write(try sampleModel(), to: folder.file(), replacing: false)
    good = try contents(folder.file())
  }

  @Test func `rejects a file with any byte changed`() throws {
    for position in good.indices {
      for change: UInt8 in position < 128 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1, 0xFF] {
        var bytes = good
        bytes[position] ^= change
        try store(bytes, at: folder.file())
        let error = try #require(
          refusal(folder.file()), "byte \(position) ^ \(change) was accepted")
        #expect(error.offset != nil && error.description.hasPrefix(folder.file()))
      }
    }
  }

  @Test func `rejects a file cut at any byte`() throws {
    for count in good.indices {
      try store(good[..<count], at: folder.file())
      #expect(refusal(folder.file())?.code == .truncated, "cut to \(count) bytes")
    }
  }

  @Test func `rejects bytes behind the end`() throws {
    try store(good + [0], at: folder.file())
    #expect(refusal(folder.file())?.code == .corrupt)
  }

  @Test func `rejects a copy in text mode and says so`() throws {
    let text = good.flatMap { $0 == 10 ? [13, 10] : [$0] }
    try store(text, at: folder.file())
    let error = try #require(refusal(folder.file()))
    #expect(error.code == .corrupt)
    #expect(error.message.contains("text-mode"))
  }

  @Test func `rejects other kinds of files`() throws {
    for start in ["PK\u{3}\u{4}", "<html>", "version https://git-lfs", "\u{0}\u{0}\u{0}\u{0}"] {
      try store(start.utf8, at: folder.file())
      #expect(refusal(folder.file())?.code == .corrupt)
    }
    try store([], at: folder.file())
    #expect(refusal(folder.file())?.code == .truncated)
    for path in [folder.path, "/dev/zero", folder.file("missing")] {
      #expect(refusal(path)?.code == .unreadable)
    }
  }

  @Test func `rejects more weights than allowed`() throws {
    let error = #expect(throws: ModelFileError.self) {
      try ModelFileReader.read(folder.file(), dataByteLimit: 383)
    }
    #expect(error?.code == .limitExceeded)
    #expect(throws: Never.self) { try ModelFileReader.read(folder.file(), dataByteLimit: 384) }
  }

  @Test func `keeps a damaged tensor undetected only when told to skip its digest`() throws {
    var bytes = good
    bytes[4096] ^= 1
    try store(bytes, at: folder.file())
    #expect(refusal(folder.file())?.message.contains("enc.weight") == true)
    #expect(throws: Never.self) {
      try ModelFileReader.read(folder.file(), verifyingTensors: false)
    }
  }

  @Test func `escapes control characters in messages`() {
    let error = ModelFileError(.corrupt, "tensor '\u{1B}[2J'").about("a\u{7}")
    #expect(error.description == "a\\u{7}: tensor '\\u{1b}[2J'")
  }
}
