import Foundation
import TensorCore
import Testing

@testable import CheckpointFormats

@Suite struct FileTests {
  @Test func `reads a range of a file`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/f"
      try Data([1, 2, 3, 4]).write(to: URL(filePath: path))
      let file = try FileBytes(path: path)
      #expect(try file.bytes(at: 1, count: 2) == [2, 3])
      expectError(.truncated, "byte 3") { _ = try file.bytes(at: 3, count: 2) }
      expectError(.truncated) { _ = try file.bytes(at: -1, count: 2) }
    }
  }

  @Test func `rejects a file cut while it is read`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/f"
      try Data([1, 2, 3, 4]).write(to: URL(filePath: path))
      let file = try FileBytes(path: path)
      #expect(unsafe truncate(path, 2) == 0)
      expectError(.truncated) { _ = try file.bytes(at: 0, count: 4) }
    }
  }

  @Test func `rejects what is no regular file`() throws {
    try withTemporaryFolder { folder in
      expectError(.unreadable, "directory") { _ = try FileBytes(path: folder) }
      expectError(.unreadable, "No such file") { _ = try FileBytes(path: folder + "/absent") }
      expectError(.unreadable, "device") { _ = try FileBytes(path: "/dev/zero") }
      #expect(unsafe mkfifo(folder + "/pipe", 0o600) == 0)
      expectError(.unreadable, "pipe") { _ = try FileBytes(path: folder + "/pipe") }
      try Data().write(to: URL(filePath: folder + "/empty"))
      expectError(.truncated, "is empty") { _ = try FileBytes(path: folder + "/empty") }
      let tensor = Tensor([1], shape: [1])
      expectError(.unreadable, "not a regular file") { try NumpyArray.write(tensor, to: folder) }
      expectError(.unreadable, "cannot be created") {
        try NumpyArray.write(tensor, to: folder + "/no/where")
      }
    }
  }

  @Test func `keeps the old file when writing does not finish`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/f"
      try Data([1]).write(to: URL(filePath: path))
      do {
        var writer = try ZipWriter(path: path)
        let bytes: [UInt8] = [9, 9]
        try unsafe writer.add("a", header: [], payload: bytes.span.bytes)
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == Data([1]))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f"])
    }
  }

  @Test func `escapes control characters of names from files`() {
    let error = CheckpointError(
      .corrupt, "has 'a\u{1B}[31m'", file: "f\n", subject: "s\u{202E}", offset: 3, remedy: "r")
    #expect(error.description == #"f\u{a}: has 'a\u{1b}[31m' (s\u{202e} byte 3) — r"#)
  }

  @Test(
    arguments: [
      ([0x50, 0x4B, 3, 4], FileKind.zip), (TorchLegacyContainer.signature, .legacyTorch),
      ([0x80, 4, 0x95], .pickle), ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
      ([0x93] + Array("NUMPY\u{1}\u{0}".utf8), .numpy), (Array("GGUF\u{3}".utf8), .gguf),
      ([8, 8, 0x12, 7] + Array("pytorch".utf8), .onnx), (Array("PYTORCH1".utf8), .pytorchPreview),
      ([UInt8](repeating: 1, count: 257) + Array("ustar".utf8), .tar),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), .gitLFSPointer),
      (Array("\n<!DOCTYPE html><html>".utf8), .html), ([0x1F, 0x8B, 8], .gzip),
      ([0x89, 0x50, 0x4E, 0x47], .png), ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg),
      ([0x7F, 0x45, 0x4C, 0x46], .elf), ([0, 0, 0, 0], .zeros), (Array("hello\n".utf8), .text),
      ([8, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], .safetensors), ([1, 2, 0x90], .unknown),
    ] as [([UInt8], FileKind)])
  func `names a file by its content`(leading: [UInt8], kind: FileKind) {
    #expect(FileKind(leading: leading, fileSize: 1000) == kind)
    guard ![.zip, .legacyTorch].contains(kind) else { return }
    expectError(.notThisFormat, "is \(kind.name)") {
      _ = try TorchCheckpoint.open(FileBytes(leading, name: "f"))
    }
  }
}
