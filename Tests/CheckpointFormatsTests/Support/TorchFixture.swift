import TensorCore

@testable import CheckpointFormats

/// A PyTorch checkpoint in memory.
struct TorchFixture {
  var pickle: [UInt8]
  var storages: [(key: String, bytes: [UInt8])] = []
  var version: String? = "3\n"
  var byteOrder: String?
  var extraEntries: [ZipFixture.Entry] = []

  init(_ root: [UInt8], protocol version: UInt8 = 2) {
    pickle = Pickle.file(root, protocol: version)
  }

  /// A state dictionary of one 2 × 2 tensor, `a.weight`, of 1, 2, 3, 4.
  static var small: TorchFixture {
    var fixture = TorchFixture(
      Pickle.dictionary([("a.weight", Pickle.tensor("0", shape: [2, 2]))]))
    fixture.storages = [("0", floats([1, 2, 3, 4]))]
    return fixture
  }

  var zip: ZipFixture {
    var entries = [ZipFixture.Entry("m/data.pkl", pickle)]
    if let byteOrder { entries.append(.init("m/byteorder", Array(byteOrder.utf8))) }
    entries += storages.map { .init("m/data/\($0.key)", $0.bytes) }
    if let version { entries.append(.init("m/version", Array(version.utf8))) }
    return ZipFixture(entries + extraEntries)
  }

  var file: FileBytes { FileBytes(zip.bytes, name: "m.pth") }

  /// The same checkpoint in the container of before version 1.6.
  func legacy(
    keys: [String]? = nil, elementSize: Int = 4, trailer: [UInt8] = [], isLittleEndian: Bool = true
  ) -> [UInt8] {
    let system = Pickle.dictionary([("little_endian", isLittleEndian ? Pickle.yes : Pickle.no)])
    var bytes = TorchLegacyContainer.signature + Pickle.file([0x4D] + [0xE9, 0x03])
    bytes += Pickle.file(system) + pickle
    bytes += Pickle.file(Pickle.list((keys ?? storages.map(\.key)).map(Pickle.string)))
    for storage in storages {
      bytes += Pickle.littleEndian(Int64(storage.bytes.count / elementSize)) + storage.bytes
    }
    return bytes + trailer
  }
}

/// The little-endian bytes of `f32` values.
func floats(_ values: [Float]) -> [UInt8] {
  values.flatMap { Pickle.littleEndian($0.bitPattern) }
}

/// The tensor called `a.weight` of a root dictionary, loaded.
func weight(_ checkpoint: TorchCheckpoint) throws -> [Float]? {
  try checkpoint.value(at: ["a.weight"])?.tensor?.load().convertedToFloat32().floatArray
}
