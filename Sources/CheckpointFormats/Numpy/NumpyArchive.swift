package import OrderedCollections
package import TensorCore

/// A `.npz` file: named numpy arrays in a zip archive.
package enum NumpyArchive {
  /// Reads the names and headers, in the order of the archive; names lose their `.npy`.
  ///
  /// - Throws: what `ZipArchive` and `NumpyArray` throw; `.notThisFormat` when an entry is no `.npy`.
  package static func open(
    _ file: FileBytes
  ) throws(CheckpointError) -> OrderedDictionary<String, StoredTensor> {
    let kind = try FileKind(file)
    guard kind == .zip else { throw kind.mismatch(expected: "a numpy archive", file: file.name) }
    let archive = try ZipArchive(file)
    var tensors: OrderedDictionary<String, StoredTensor> = [:]
    for (path, entry) in archive.entries {
      guard path.hasSuffix(".npy") else {
        throw CheckpointError(
          .notThisFormat, "is a zip archive but not of numpy arrays: it has '\(path)'",
          file: file.name)
      }
      let name = String(path.dropLast(4))
      tensors[name] = try NumpyArray.tensor(
        in: StoredBlock(archive, entry), named: name, subject: path)
    }
    return tensors
  }

  /// Writes named tensors, stored, in the order given; the same tensors give the same bytes.
  ///
  /// - Throws: `.unsupported` for `bf16`, `.unreadable` when the system cannot write.
  package static func write(
    _ tensors: OrderedDictionary<String, Tensor>, to path: String
  ) throws(CheckpointError) {
    var writer = try ZipWriter(path: path)
    for (name, tensor) in tensors {
      try writer.add(
        "\(name).npy", header: NumpyArray.header(of: tensor), payload: tensor.bytes)
    }
    try writer.finish()
  }
}
