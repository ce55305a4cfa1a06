package import OrderedCollections
import TensorCore

/// A safetensors file: `u64` header length, JSON header, then the tensors' bytes without gaps.
///
/// - Source: huggingface/safetensors safetensors/src/tensor.rs
package struct SafeTensorsFile: Sendable {
  /// Longest header accepted, in bytes, as in the reference implementation.
  static let maximumHeaderBytes = 100_000_000

  /// The tensors, in the header's order; bytes are read by `load()`.
  package let tensors: OrderedDictionary<String, StoredTensor>
  /// Free text of the writer.
  package let metadata: OrderedDictionary<String, String>

  /// Reads and checks the header.
  ///
  /// - Throws: `.notThisFormat` for other files, `.truncated` when tensors reach past the end,
  ///   `.corrupt` when they overlap, leave gaps or differ from their shapes, `.unsupported` for
  ///   element types that are not read.
  package static func open(_ file: FileBytes) throws(CheckpointError) -> SafeTensorsFile {
    let kind = try FileKind(file)
    guard kind == .safetensors else {
      throw kind.mismatch(expected: "a safetensors file", file: file.name)
    }
    return try SafeTensorsFile(file)
  }

  private init(_ file: FileBytes) throws(CheckpointError) {
    var length = ByteReader(try file.bytes(at: 0, count: 8), file: file.name)
    let headerBytes = try length.length(UInt64.self)
    guard headerBytes <= Self.maximumHeaderBytes else {
      throw CheckpointError(
        .limitExceeded, "declares a header of \(headerBytes) bytes", file: file.name)
    }
    guard headerBytes <= file.count - 8 else {
      throw CheckpointError(
        .truncated, "declares a header of \(headerBytes) bytes where \(file.count - 8) follow",
        file: file.name, remedy: "download the file again: it is not complete")
    }
    let header = try SafeTensorsHeader(
      try file.bytes(at: 8, count: headerBytes), file: file.name)
    let dataOffset = 8 + headerBytes
    try Self.checkLayout(header, byteCount: file.count - dataOffset, file: file.name)
    var tensors: OrderedDictionary<String, StoredTensor> = [:]
    for (name, entry) in header.entries {
      tensors[name] = try Self.tensor(name, entry, in: file, at: dataOffset)
    }
    self.tensors = tensors
    metadata = header.metadata
  }

  /// Checks that the tensors lie one after the other and fill the file.
  private static func checkLayout(
    _ header: SafeTensorsHeader, byteCount: Int, file: String
  ) throws(CheckpointError) {
    func corrupt(_ message: String) -> CheckpointError {
      CheckpointError(.corrupt, message, file: file)
    }
    var position = 0
    var previous = ""
    let order = header.entries.sorted {
      ($0.value.begin, $0.value.end) < ($1.value.begin, $1.value.end)
    }
    for (name, entry) in order {
      guard entry.begin <= entry.end else {
        throw corrupt("tensor '\(name)' ends before it starts")
      }
      guard entry.begin >= position else {
        throw corrupt(
          "tensors '\(previous)' and '\(name)' share bytes \(entry.begin) to \(position)")
      }
      guard entry.begin == position else {
        throw corrupt("has \(entry.begin - position) bytes before '\(name)' that are no tensor's")
      }
      position = entry.end
      previous = name
    }
    guard position >= byteCount else {
      throw corrupt("has \(byteCount - position) bytes after its last tensor")
    }
    guard position == byteCount else {
      throw CheckpointError(
        .truncated, "needs \(position) bytes of tensors and has \(byteCount)", file: file,
        remedy: "download the file again: it is not complete")
    }
  }

  private static func tensor(
    _ name: String, _ entry: SafeTensorsHeader.Entry, in file: FileBytes, at dataOffset: Int
  ) throws(CheckpointError) -> StoredTensor {
    guard name.utf8.count <= PickleReader.Limits.nameBytes else {
      throw CheckpointError(
        .limitExceeded, "has a name of \(name.utf8.count) bytes", file: file.name)
    }
    guard let type = elementTypes[entry.dtype] else {
      throw CheckpointError(
        .unsupported, "has elements of type '\(entry.dtype)'", file: file.name, subject: name)
    }
    let tensor = try StoredTensor(
      name: name, elementType: type, shape: entry.shape,
      block: StoredBlock(
        file, offset: dataOffset + entry.begin, byteCount: entry.end - entry.begin))
    guard tensor.byteCount == entry.end - entry.begin else {
      throw CheckpointError(
        .corrupt,
        "has \(entry.end - entry.begin) bytes where its shape needs \(tensor.byteCount)",
        file: file.name, subject: name)
    }
    return tensor
  }

  private static let elementTypes: [String: ElementType] = [
    "F32": .float32, "F64": .float64, "F16": .float16, "BF16": .bfloat16, "I64": .int64,
    "I32": .int32, "I16": .int16, "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]
}
