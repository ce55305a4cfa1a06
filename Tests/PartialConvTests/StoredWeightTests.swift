import Foundation
import InferenceRuntime
import ModelImport
import PartialConv
import TensorCore
import TestSupport
import Testing

@Suite struct StoredWeightTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.pcm")
    _ = try ModelConversion.convert(
      PackageFiles.fixture("pytorch/naoto_unet.pth"), to: path, ImportRequest(), replacing: false)
  }

  private func inputs(_ size: Int) -> [String: Tensor] {
    let values = (0..<3 * size * size).map { Float($0 % 251) / 251 }
    let mask = (0..<3 * size * size).map { Float($0 % 7 == 0 ? 0 : 1) }
    return [
      "image": Tensor(values, shape: [1, 3, size, size]),
      "mask": Tensor(mask, shape: [1, 3, size, size]),
    ]
  }

  /// Changes the file that is there, without making a new one.
  private func change(_ body: (FileHandle) throws -> Void) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try body(file)
    try file.close()
  }

  /// Changes the last byte of the file, which belongs to a weight.
  private func overwrite() throws {
    try change { file in
      let last = try file.seekToEnd() - 1
      try file.seek(toOffset: last)
      let byte = try #require(try file.read(upToCount: 1)?.first)
      try file.seek(toOffset: last)
      try file.write(contentsOf: Data([byte ^ 1]))
    }
  }

  @Test func `runs at two sizes in turn once the file is removed`() throws {
    let sizes = [256, 512, 256]
    let expected = try sizes.map { size in
      try Model.load(path).makeSession().run(inputs(size)).map(\.tensor)
    }
    let session = try Model.load(path).makeSession(threads: 2)
    try FileManager.default.removeItem(atPath: path)
    for (size, tensors) in zip(sizes, expected) {
      #expect(try session.run(inputs(size)).map(\.tensor) == tensors, "\(size)")
    }
    let report = session.memoryReport
    #expect(report.heldTensorByteCount < report.packedWeightByteCount / 10)
  }

  @Test func `rejects a run when the file was written over after loading`() throws {
    let session = try Model.load(path).makeSession()
    try overwrite()
    let error = #expect(throws: PartialConvError.self) { try session.run(inputs(256)) }
    #expect(error?.kind == .unreadable)
    #expect(error?.message.contains("SHA-256") == true)
    #expect(error?.message.hasPrefix(path) == true)
  }

  @Test(arguments: [0, 200, 5000])
  func `rejects a run when the file was cut after loading`(_ byteCount: Int) throws {
    let session = try Model.load(path).makeSession()
    try change { try $0.truncate(atOffset: UInt64(byteCount)) }
    let error = #expect(throws: PartialConvError.self) { try session.run(inputs(256)) }
    #expect(error?.kind == .unreadable)
    #expect(error?.message.contains("ends before") == true)
  }

  @Test func `keeps running with the weights that it has when the file is written over`() throws {
    let session = try Model.load(path).makeSession()
    let expected = try session.run(inputs(256)).map(\.tensor)
    try overwrite()
    #expect(try session.run(inputs(256)).map(\.tensor) == expected)
    #expect(throws: PartialConvError.self) { try Model.load(path).makeSession().run(inputs(256)) }
  }

  @Test func `rejects damaged weights at once when told to look at all of them`() throws {
    #expect(throws: Never.self) { try Model.load(path, verifyingTensors: true) }
    try overwrite()
    #expect(throws: Never.self) { try Model.load(path) }
    let error = #expect(throws: PartialConvError.self) {
      try Model.load(path, verifyingTensors: true)
    }
    #expect(error?.kind == .unreadable)
  }
}
