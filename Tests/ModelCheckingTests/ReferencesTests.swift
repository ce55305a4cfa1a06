import CheckpointFormats
import Foundation
import OrderedCollections
import TensorCore
import TestSupport
import Testing

@testable import ModelChecking

struct ReferencesTests {
  private let folder: TemporaryFolder
  private let first = Tensor((0..<24).map { Float($0) }, shape: [4, 2, 3])

  init() throws { folder = try TemporaryFolder() }

  @Test
  func `reads archives and folders of arrays by name, whole and by rows`() throws {
    let archive = folder.path("all.npz")
    try NumpyArchive.write(["first": first, "one": Tensor(scalar: 1)], to: archive)
    let arrays = folder.url.appending(path: "arrays")
    try FileManager.default.createDirectory(at: arrays, withIntermediateDirectories: false)
    try NumpyArray.write(first, to: arrays.path + "/second.npy")
    let references = try References([archive, arrays.path])
    #expect(references.arrays.map(\.name) == ["first", "one", "second"])
    for name in ["first", "second"] {
      let array = try #require(references[name]).prepared()
      #expect(try array.values() == first)
      #expect(
        try array.values(rows: 1..<3)
          == Tensor((6..<18).map { Float($0) }, shape: [2, 2, 3]))
    }
  }

  @Test
  func `reads HDF5 and safetensors by name`() throws {
    let weights = try References([PackageFiles.fixture("keras/unet_weights.h5")])
    let kernel = try #require(weights.arrays.first { $0.shape.count == 4 })
    #expect(try kernel.prepared().values(rows: 0..<1).shape == [1] + kernel.shape.dropFirst())
    let path = folder.path("all.safetensors")
    let header = #"{"first":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
    let three: [UInt8] = [0, 0, 0x40, 0x40]
    let four: [UInt8] = [0, 0, 0x80, 0x40]
    let bytes = Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + header.utf8 + three + four)
    try bytes.write(to: URL(filePath: path))
    #expect(try References([path])["first"]?.values() == Tensor([3, 4], shape: [1, 2]))
  }

  @Test
  func `reads rows of an array in memory`() throws {
    let array = ReferenceArray("first", first)
    #expect(try array.values(rows: 3..<4).floatArray == [18, 19, 20, 21, 22, 23])
  }

  @Test
  func `rejects a name that two files have`() throws {
    let archive = folder.path("all.npz")
    try NumpyArchive.write(["first": first], to: archive)
    let error = #expect(throws: CheckError.self) { try References([archive, archive]) }
    #expect(error?.code == .mismatch)
  }

  @Test
  func `rejects files that are no references`() throws {
    let text = try folder.write(Data("hello".utf8), as: "text.npz")
    let empty = folder.url.appending(path: "empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: false)
    for path in [text, empty.path, folder.path("absent.npz")] {
      let error = #expect(throws: CheckError.self) { try References([path]) }
      #expect(error?.code == .unreadable)
    }
  }
}
