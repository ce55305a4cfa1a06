import OrderedCollections
import TensorCore
import Testing

@testable import CheckpointFormats

/// Small files cut at every byte and with every bit flipped: an error or the right values, never a
/// trap.
@Suite struct HostileBytesTests {
  private enum Sample: CaseIterable {
    case zip, deflatedZip, legacy, exported, safetensors, numpy, numpyArchive

    var bytes: [UInt8] {
      switch self {
      case .zip: return TorchFixture.small.zip.bytes
      case .deflatedZip:
        var zip = TorchFixture.small.zip
        for index in zip.entries.indices { zip.entries[index].isDeflated = true }
        return zip.bytes
      case .legacy: return TorchFixture.small.legacy()
      case .exported: return TorchExportFixture().zip.bytes
      case .safetensors: return SafeTensorsFixture.small
      case .numpy: return NumpyFixture.small
      case .numpyArchive: return ZipFixture([.init("a.npy", NumpyFixture.small)]).bytes
      }
    }

    /// Reads everything that `bytes` hold.
    func read(_ bytes: [UInt8]) throws -> [[Float]] {
      let file = FileBytes(bytes, name: "f")
      let tensors: [StoredTensor]
      switch self {
      case .zip, .deflatedZip, .legacy:
        tensors = try TorchCheckpoint.open(file).stateDictionaries()
          .flatMap { $0.tensors.values }
      case .exported: tensors = try Array(TorchExportArchive.open(file).tensors.values)
      case .safetensors: tensors = try Array(SafeTensorsFile.open(file).tensors.values)
      case .numpy: tensors = [try NumpyArray.open(file)]
      case .numpyArchive: tensors = try Array(NumpyArchive.open(file).values)
      }
      return try tensors.map { try $0.load().convertedToFloat32().floatArray }
    }
  }

  @Test(arguments: Sample.allCases) private func `rejects a file cut at any byte`(
    sample: Sample
  ) throws {
    let bytes = sample.bytes
    #expect(try sample.read(bytes) == [[1, 2, 3, 4]])
    for count in 1..<bytes.count {
      #expect(throws: CheckpointError.self, "cut at \(count)") {
        try sample.read(Array(bytes[..<count]))
      }
    }
  }

  @Test(arguments: Sample.allCases) private func `keeps its feet on any flipped bit`(
    sample: Sample
  ) throws {
    var bytes = sample.bytes
    for position in bytes.indices {
      for bit in 0..<8 as Range<UInt8> {
        bytes[position] ^= 1 << bit
        do { _ = try sample.read(bytes) } catch is CheckpointError {}
        bytes[position] ^= 1 << bit
      }
    }
  }

  @Test func `rejects any flipped bit of a storage in an archive`() throws {
    let bytes = TorchFixture.small.zip.bytes
    let data = try #require(
      bytes.indices.first { bytes[$0...].starts(with: floats([1, 2, 3, 4])) })
    for bit in 0..<128 {
      var damaged = bytes
      damaged[data + bit / 8] ^= 1 << UInt8(bit % 8)
      expectError(.corrupt, "checksum mismatch") { _ = try Sample.zip.read(damaged) }
    }
  }
}
