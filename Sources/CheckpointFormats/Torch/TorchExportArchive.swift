package import OrderedCollections
import TensorCore

/// The weights of a program that torch.export saved (`.pt2`): a zip archive that describes them in
/// `data/weights/<model>_weights_config.json` and keeps them as raw bytes beside it.
///
/// The program itself (`models/`), its constants and its pickled sample inputs are not read.
///
/// - Source: pytorch torch/export/pt2_archive/_package.py, torch/_export/serde/schema.py @2.13
package struct TorchExportArchive: Sendable {
  /// Tensors by their names in `state_dict()`, in the file's order; bytes are read by `load()`.
  package let tensors: OrderedDictionary<String, StoredTensor>
  /// What the user should know.
  package let notes: [String]

  /// Reads and checks the description of the weights.
  ///
  /// - Throws: `.notThisFormat` for other files, `.refused` for weights stored as pickles,
  ///   `.missing` for weights that are not there, `.truncated` when a tensor reaches past its
  ///   bytes, `.corrupt` for a malformed description, `.unsupported` for versions, element types
  ///   and layouts that are not read.
  package static func open(_ file: FileBytes) throws(CheckpointError) -> TorchExportArchive {
    let kind = try FileKind(file)
    guard kind == .torchExport else {
      throw kind.mismatch(expected: "a torch.export archive", file: file.name)
    }
    return try TorchExportArchive(file)
  }

  private init(_ file: FileBytes) throws(CheckpointError) {
    let archive = try ZipArchive(file)
    let root = try TorchZipContainer.root(archive)
    try Self.checkVersion(archive, root)
    let folder = "\(root)/data/weights/"
    let entry = try Self.configuration(archive, folder)
    try TorchZipContainer.checkRatio(entry, archive)
    let configuration = try TorchExportConfiguration(
      try archive.bytes(of: entry, limit: PickleReader.Limits.byteCount), file: file.name)
    let isBigEndian = try TorchZipContainer.isBigEndian(archive, root)
    var tensors: OrderedDictionary<String, StoredTensor> = [:]
    for (name, weight) in configuration.weights {
      tensors[name] = try Self.tensor(name, weight, archive, folder, isBigEndian)
    }
    try tensors.values.checkTotal(against: file)
    self.tensors = tensors
    notes =
      (archive.hasChecksums ? [] : ["the file carries no checksums"])
      + ["this is an exported program: its weights were read, its graph was not"]
  }

  private static func checkVersion(
    _ archive: ZipArchive, _ root: String
  ) throws(CheckpointError) {
    for (name, wanted) in [("archive_format", "pt2"), ("archive_version", "0")] {
      let bytes = try archive.bytes(of: archive.entry("\(root)/\(name)"), limit: 64)
      let text = String(decoding: bytes, as: UTF8.self)
      guard text == wanted else {
        throw CheckpointError(
          .unsupported, "has the \(name) '\(text)'; '\(wanted)' is read", file: archive.file.name)
      }
    }
  }

  private static func configuration(
    _ archive: ZipArchive, _ folder: String
  ) throws(CheckpointError) -> ZipArchive.Entry {
    let suffix = "_weights_config.json"
    let found = archive.entries.values.filter {
      $0.name.hasPrefix(folder) && $0.name.hasSuffix(suffix)
    }
    guard let entry = found.first else {
      let pickle = archive.entries.keys.first { $0.hasPrefix(folder) && $0.hasSuffix(".pt") }
      throw CheckpointError(
        .missing, "is an exported program without data/weights/*\(suffix)",
        file: archive.file.name,
        remedy: pickle.map { "unpack \($0) from it with unzip, and give that file" }
          ?? "save the weights with torch.save(model.state_dict(), path)")
    }
    guard found.count == 1 else {
      throw CheckpointError(
        .unsupported, "holds \(found.count) models", file: archive.file.name,
        remedy: "export each model to a file of its own")
    }
    return entry
  }

  private static func tensor(
    _ name: String, _ weight: TorchExportConfiguration.Weight, _ archive: ZipArchive,
    _ folder: String, _ isBigEndian: Bool
  ) throws(CheckpointError) -> StoredTensor {
    func failure(
      _ code: CheckpointError.Code, _ message: String, remedy: String? = nil
    ) -> CheckpointError {
      CheckpointError(code, message, file: archive.file.name, subject: name, remedy: remedy)
    }
    guard name.utf8.count <= PickleReader.Limits.nameBytes else {
      throw failure(.limitExceeded, "has a name of \(name.utf8.count) bytes")
    }
    guard !weight.isPickled else {
      throw failure(
        .refused, "keeps a weight as a pickle, which would run code in PyTorch; nothing was run",
        remedy: "save the weights with torch.save(model.state_dict(), path)")
    }
    guard let entry = archive.entries[folder + weight.path] else {
      throw failure(
        .missing, "has no entry 'data/weights/\(weight.path)', which a tensor needs",
        remedy: "download the file again: it is not complete")
    }
    guard let type = elementTypes[weight.dtype] else {
      throw failure(.unsupported, "has elements of type \(weight.dtype)")
    }
    guard weight.layout == stridedLayout else {
      throw failure(.unsupported, "has the layout \(weight.layout), which is not strided")
    }
    let (offset, overflow) = weight.offset.multipliedReportingOverflow(by: type.byteCount)
    guard !overflow else { throw failure(.corrupt, "starts at element \(weight.offset)") }
    return try StoredTensor(
      name: name, elementType: type, shape: weight.shape, strides: weight.strides,
      byteOffset: offset, isBigEndian: isBigEndian, block: StoredBlock(archive, entry))
  }

  /// By `ScalarType` of torch/_export/serde/schema.py.
  private static let elementTypes: [Int: ElementType] = [
    1: .uint8, 2: .int8, 3: .int16, 4: .int32, 5: .int64, 6: .float16, 7: .float32, 8: .float64,
    12: .bool, 13: .bfloat16,
  ]

  /// `Layout.Strided` of the same file.
  private static let stridedLayout = 7
}
