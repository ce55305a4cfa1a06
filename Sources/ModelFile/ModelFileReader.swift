import Dispatch
import FileAccess
import Glibc
import GraphIR
import Synchronization
import TensorCore

/// Reads model files, refusing every one that is not exactly what a writer makes.
package enum ModelFileReader {
  /// The largest data section that is read unless told otherwise: half the machine's memory, but
  /// from 1 to 8 GiB.
  package static var defaultDataByteLimit: Int {
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    return min(max(memory / 2, 1 << 30), 8 << 30)
  }

  /// Reads and checks the file at `path`.
  ///
  /// Header, manifest, structure, padding and graph are always checked.
  /// - Parameters:
  ///   - verifyingTensors: whether the SHA-256 of every tensor is checked too.
  ///   - dataByteLimit: the largest data section, in bytes, that is read into memory.
  /// - Throws: `ModelFileError` with the place and the reason; never writes or runs anything.
  /// - Complexity: O(file size) time and memory.
  package static func read(
    _ path: String, verifyingTensors: Bool = true, dataByteLimit: Int = defaultDataByteLimit
  ) throws(ModelFileError) -> StoredModel {
    do throws(ModelFileError) {
      let (file, start) = try ModelFileError.reporting { () throws(FileAccessError) in
        let file = try InputFile(path: path)
        return (file, try file.bytes(at: 0, count: min(file.byteCount, FileHeader.byteCount)))
      }
      let header = try FileHeader(decoding: start)
      try header.checkSections(fileByteCount: file.byteCount)
      guard header.dataBytes <= dataByteLimit else {
        throw ModelFileError(
          .limitExceeded,
          "has \(header.dataBytes) bytes of weights; at most \(dataByteLimit) are "
            + "read into memory", at: 48,
          remedy: "raise the limit or use a machine with more memory")
      }
      let manifest = try manifest(of: file, header)
      let tensors = try tensors(of: file, header, manifest, verifying: verifyingTensors)
      return StoredModel(
        graph: try manifest.graph(tensors), provenance: manifest.provenance,
        processing: manifest.processing)
    } catch {
      throw error.about(path)
    }
  }

  private static func manifest(
    of file: InputFile, _ header: FileHeader
  ) throws(ModelFileError) -> Manifest {
    let bytes = try ModelFileError.reporting { () throws(FileAccessError) in
      try file.bytes(at: FileHeader.byteCount, count: Int(header.manifestBytes))
    }
    guard unsafe SHA256Digest(of: bytes.span.bytes) == header.manifestDigest else {
      throw ModelFileError(
        .corrupt, "has a damaged manifest: its SHA-256 does not match", at: FileHeader.byteCount,
        remedy: "copy or convert the file again")
    }
    let end = FileHeader.byteCount + bytes.count
    try requireZeros(file, end..<Int(header.dataOffset))
    let manifest = try Manifest(decoding: bytes)
    try manifest.checkLimits()
    try manifest.checkTensors(header)
    return manifest
  }

  /// Reads the tensors on all cores; of several faults the first in the file is thrown.
  private static func tensors(
    of file: InputFile, _ header: FileHeader, _ manifest: Manifest, verifying: Bool
  ) throws(ModelFileError) -> [Tensor] {
    let entries = manifest.tensors
    let results = Mutex([Result<Tensor, ModelFileError>?](repeating: nil, count: entries.count))
    DispatchQueue.concurrentPerform(iterations: entries.count) { index in
      let result = Result { () throws(ModelFileError) in
        let before = index == 0 ? 0 : Int(entries[index - 1].offset + entries[index - 1].length)
        let start = Int(header.dataOffset)
        try requireZeros(file, start + before..<start + Int(entries[index].offset))
        return try tensor(of: file, entries[index], dataOffset: start, verifying: verifying)
      }
      results.withLock { $0[index] = result }
    }
    var tensors: [Tensor] = []
    for result in results.withLock({ $0 }) {
      guard let result else { preconditionFailure("a tensor of the file was not read") }
      tensors.append(try result.get())
    }
    return tensors
  }

  private static func tensor(
    of file: InputFile, _ entry: Manifest.StoredTensor, dataOffset: Int, verifying: Bool
  ) throws(ModelFileError) -> Tensor {
    let place = dataOffset + Int(entry.offset)
    let shape = try entry.checkedShape(at: place)
    let tensor = try unsafe Tensor(
      elementType: shape.elementType, shape: shape.axes
    ) { buffer throws(ModelFileError) in
      try ModelFileError.reporting { () throws(FileAccessError) in
        try unsafe file.read(at: place, into: buffer)
      }
    }
    guard !verifying || SHA256Digest(of: tensor.bytes) == entry.digest else {
      throw ModelFileError(
        .corrupt, "tensor '\(entry.name)' is damaged: its SHA-256 does not match", at: place,
        remedy: "copy or convert the file again")
    }
    return tensor
  }

  private static func requireZeros(
    _ file: InputFile, _ range: Range<Int>
  ) throws(ModelFileError) {
    let bytes = try ModelFileError.reporting { () throws(FileAccessError) in
      try file.bytes(at: range.lowerBound, count: range.count)
    }
    guard let position = bytes.firstIndex(where: { $0 != 0 }) else { return }
    throw ModelFileError(
      .corrupt, "has padding that is not zero", at: range.lowerBound + position,
      remedy: "copy or convert the file again")
  }
}
