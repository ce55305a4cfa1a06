import CheckpointFormats
import Testing

@Suite struct HDF5RefusalTests {
  @Test(arguments: [
    ("soft_link", CheckpointError.Code.refused, "soft link"),
    ("external_link", .refused, "link into another file"),
    ("external_storage", .refused, "keeps a dataset in another file ('/etc/passwd')"),
    ("virtual", .refused, "virtual dataset"),
    ("cycle", .refused, "back to one that contains it"),
    ("two_links", .refused, "two links to one object"),
    ("deep", .limitExceeded, "deeper than 32"),
    ("link_name", .corrupt, "link named 'a/b'"),
    ("named_datatype", .unsupported, "neither a group nor a dataset"),
    ("shape_bomb", .corrupt, "4398046511104 bytes but stores 0 bytes"),
    ("contiguous_bomb", .corrupt, "4398046511104 bytes but stores 0 bytes"),
    ("shape_overflow", .limitExceeded, "overflows"),
    ("zero_bomb", .limitExceeded, "would unpack"),
    ("rank", .limitExceeded, "20 axes"),
    ("null_shape", .unsupported, "without a shape"),
    ("lzf", .unsupported, "h5repack"),
    ("scale_offset", .unsupported, "scale-offset"),
    ("compound", .unsupported, "compound records"),
    ("complex", .unsupported, "compound records"),
    ("sequences", .unsupported, "varying length"),
    ("text", .unsupported, "dataset of text"),
    ("reference", .unsupported, "references"),
    ("opaque", .unsupported, "opaque bytes"),
    ("unsigned_64", .unsupported, "unsigned 64-bit"),
    ("float_layout", .unsupported, "unusual layout"),
    ("truth", .corrupt, "truth values"),
    ("attribute_type", .unsupported, "neither text nor numbers"),
    ("attribute_text", .corrupt, "not UTF-8"),
    ("user_block", .unsupported, "user block of 512 bytes"),
    ("global_heap", .corrupt, "damaged"),
  ])
  func `rejects hostile files by name`(
    _ name: String, _ code: CheckpointError.Code, _ text: String
  ) throws {
    let error = #expect(throws: CheckpointError.self) {
      try HDF5File.read(HDF5Fixtures.path("bad_\(name)"))
    }
    #expect(error?.code == code)
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test func `rejects a file of another format`() throws {
    #expect(HDF5Fixtures.failure(reading: Array(repeating: 7, count: 5000)) == .notThisFormat)
  }

  @Test func `rejects a file cut short anywhere`() throws {
    let bytes = try HDF5Fixtures.bytes(HDF5Fixtures.path("good_keras_split"))
    for count in Array(8..<100) + Array(stride(from: 100, to: bytes.count, by: 97)) {
      let code = HDF5Fixtures.failure(reading: Array(bytes.prefix(count)))
      #expect(code == .truncated, "cut to \(count) bytes")
    }
  }

  @Test func `reads or rejects files with flipped bits without a crash`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("flipped bits: seed \(seed)")
    var random = SplitMix(state: seed)
    let original = try HDF5Fixtures.bytes(HDF5Fixtures.path("good_keras_split"))
    for _ in 0..<150 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      _ = HDF5Fixtures.failure(reading: bytes)
    }
  }
}

/// A small generator that replays from its printed seed.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
