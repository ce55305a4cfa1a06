import FileAccess
import Glibc
import GraphIR

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
      let (manifest, stored) = try parts(of: path, dataByteLimit)
      let tensors = try stored.tensors(verifying: verifyingTensors)
      return try manifest.model { Graph.Constant(name: $0, value: $1, tensor: tensors[$2]) }
    } catch {
      throw error.about(path)
    }
  }

  /// Reads and checks the file at `path`, but leaves its tensors where they are.
  ///
  /// - Returns: the model, whose graph knows the types of its constants alone, and their tensors.
  /// - Throws: as `read`, but for what is wrong with the bytes of a tensor.
  package static func open(
    _ path: String, dataByteLimit: Int = defaultDataByteLimit
  ) throws(ModelFileError) -> (model: StoredModel, tensors: StoredTensors) {
    do throws(ModelFileError) {
      let (manifest, tensors) = try parts(of: path, dataByteLimit)
      let types = try tensors.types()
      let model = try manifest.model { Graph.Constant(name: $0, value: $1, leaving: types[$2]) }
      return (model, tensors)
    } catch {
      throw error.about(path)
    }
  }

  /// The manifest, and the tensors that it describes: all of the file, none of it interpreted.
  private static func parts(
    of path: String, _ dataByteLimit: Int
  ) throws(ModelFileError) -> (Manifest, StoredTensors) {
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
    let tensors = StoredTensors(file, header, manifest)
    try tensors.checkPadding()
    return (manifest, tensors)
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
    try file.requireZeros(end..<Int(header.dataOffset))
    let manifest = try Manifest(decoding: bytes)
    try manifest.checkLimits()
    try manifest.checkTensors(header)
    return manifest
  }
}
