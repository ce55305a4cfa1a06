import FileAccess
import GraphIR
import TensorCore

/// Writes model files; equal models give equal bytes.
package enum ModelFileWriter {
  /// Writes `model` to `path`, which is untouched until the new file is complete and on the disk.
  ///
  /// A symbolic link at `path` is replaced, not followed. Weights go to the file from where they
  /// are; SIGXFSZ should be ignored by programs that want `.full` for a limit on file sizes.
  /// - Parameter replacing: whether an existing file may be replaced.
  /// - Throws: `.exists`, `.unwritable`, `.full`, or `.limitExceeded` for a model of more entries
  ///   than the reader takes. No temporary file stays behind.
  package static func write(
    _ model: StoredModel, to path: String, replacing: Bool
  ) throws(ModelFileError) {
    let (manifest, tensors) = Manifest.describing(model)
    let head: [UInt8]
    do throws(ModelFileError) {
      head = try self.head(of: manifest, tensors, model)
    } catch {
      throw error.about(path)
    }
    try ModelFileError.reporting { () throws(FileAccessError) in
      var file = try OutputFile(path: path, replacing: replacing)
      try file.write(head)
      var end = 0
      for (entry, tensor) in zip(manifest.tensors, tensors) {
        let padding = [UInt8](repeating: 0, count: Int(entry.offset) - end)
        try file.write(padding)
        try file.write(tensor.bytes)
        end = Int(entry.offset + entry.length)
      }
      try file.commit()
    }
  }

  /// Header, manifest and padding, once the reader's own checks have found `model` in them.
  private static func head(
    of manifest: Manifest, _ tensors: [Tensor], _ model: StoredModel
  ) throws(ModelFileError) -> [UInt8] {
    let bytes = manifest.encoded()
    let dataBytes = manifest.tensors.last.map { Int($0.offset + $0.length) } ?? 0
    let header = FileHeader(manifest: bytes, dataBytes: dataBytes)
    do throws(ModelFileError) {
      try header.checkSections(fileByteCount: Int(header.fileBytes))
      let decoded = try Manifest(decoding: bytes)
      try decoded.checkLimits()
      try decoded.checkTensors(header)
      let read = try decoded.model {
        Graph.Constant(name: $0, value: $1, tensor: tensors[$2])
      }
      guard decoded == manifest, read.graph == model.graph else {
        throw ModelFileError(.unwritable, "has a text with a NUL or an attribute that is NaN")
      }
    } catch {
      throw ModelFileError(
        error.code == .limitExceeded ? .limitExceeded : .unwritable,
        "was not written, because its reader would refuse it: the model \(error.message)")
    }
    let head = header.encoded + bytes
    return head + [UInt8](repeating: 0, count: Int(header.dataOffset) - head.count)
  }
}
