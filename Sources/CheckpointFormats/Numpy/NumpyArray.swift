import FileAccess
package import TensorCore

/// A `.npy` file: one array of numbers or truth values.
package enum NumpyArray {
  /// Reads the header of a file; the elements are read by `load()`.
  ///
  /// - Throws: `.notThisFormat` for other files, `.refused` for Python objects, `.unsupported` for
  ///   other element types, `.corrupt` or `.truncated` when the data is not exactly the array.
  package static func open(_ file: FileBytes) throws(CheckpointError) -> StoredTensor {
    let kind = try FileKind(file)
    guard kind == .numpy else { throw kind.mismatch(expected: "a numpy array", file: file.name) }
    return try tensor(
      in: StoredBlock(file, offset: 0, byteCount: file.count), named: "array", subject: nil)
  }

  /// Reads the header of an array that fills a block.
  static func tensor(
    in block: StoredBlock, named name: String, subject: String?
  ) throws(CheckpointError) -> StoredTensor {
    let (header, offset) = try NumpyHeader.parse(
      block.prefix(NumpyHeader.prefixBytes), file: block.file, subject: subject)
    return try header.tensor(named: name, in: block, at: offset)
  }

  /// The `.npy` header, version 1.0, of a tensor; its bytes follow in the file.
  ///
  /// - Throws: `.unsupported` for `bf16`, which numpy does not know.
  package static func header(of tensor: Tensor) throws(CheckpointError) -> [UInt8] {
    guard tensor.elementType != .bfloat16 else {
      throw CheckpointError(.unsupported, "a bf16 tensor cannot be written as a numpy array")
    }
    return NumpyHeader(
      elementType: tensor.elementType, isBigEndian: false, isFortranOrder: false,
      shape: tensor.shape
    ).encoded()
  }

  /// Writes one tensor as a `.npy` file, replacing what is at `path` only when complete.
  package static func write(_ tensor: Tensor, to path: String) throws(CheckpointError) {
    let header = try header(of: tensor)
    do throws(FileAccessError) {
      var output = try OutputFile(path: path, replacing: true)
      try output.write(header)
      try output.write(tensor.bytes)
      try output.commit()
    } catch {
      throw CheckpointError(error)
    }
  }
}
