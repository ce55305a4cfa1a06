import OrderedCollections

/// What a file is, told by its first bytes and never by its name.
package enum FileKind: Sendable, Hashable {
  /// A zip archive: a PyTorch checkpoint since 1.6, or an `.npz`.
  case zip
  /// A zip archive of Keras 3: `config.json` and `model.weights.h5`.
  case kerasArchive
  /// A program that torch.export saved (`.pt2`).
  case torchExport
  /// A PyTorch checkpoint of before 1.6: a row of pickles, then raw storages.
  case legacyTorch
  /// A Python pickle of protocol 2 to 5.
  case pickle
  /// Tensors behind a length and a JSON header.
  case safetensors
  /// An HDF5 file without a user block: Keras weights or models.
  case hdf5
  /// One `.npy` array.
  case numpy
  /// An ONNX model, as a protobuf message.
  case onnx
  /// A GGUF model.
  case gguf
  /// A tar archive: PyTorch's first checkpoint format.
  case tar
  /// A container of the PyTorch 1.0 preview.
  case pytorchPreview
  /// The few lines of text that Git LFS keeps in place of a file.
  case gitLFSPointer
  /// A web page, saved in place of a file.
  case html
  /// A gzip file.
  case gzip
  /// A PNG picture.
  case png
  /// A JPEG picture.
  case jpeg
  /// A program.
  case elf
  /// Only zero bytes, as an unfinished download leaves.
  case zeros
  /// Printable text of no kind above.
  case text
  /// None of these.
  case unknown

  /// How many leading bytes `init(leading:fileSize:)` looks at.
  package static let leadingByteCount = 512

  /// Recognises a file.
  package init(_ file: FileBytes) throws(CheckpointError) {
    let leading = try file.bytes(at: 0, count: min(file.count, Self.leadingByteCount))
    self.init(leading: leading, fileSize: file.count)
    guard self == .zip, let entries = (try? ZipArchive(file))?.entries else { return }
    if entries["config.json"] != nil, entries["model.weights.h5"] != nil {
      self = .kerasArchive
    } else if let root = entries.keys.first?.prefix(while: { $0 != "/" }),
      entries["\(root)/archive_format"] != nil
    {
      self = .torchExport
    }
  }

  /// Recognises the first bytes of a file of `fileSize` bytes.
  package init(leading: [UInt8], fileSize: Int) {
    if let kind = Self.signatures.first(where: { leading.starts(with: $0.bytes) })?.kind {
      self = kind
    } else if TorchLegacyContainer.signatureByteCount(leading) != nil {
      self = .legacyTorch
    } else if leading.count >= 262, leading[257..<262].elementsEqual(Array("ustar".utf8)) {
      self = .tar
    } else if Self.isSafetensors(leading, fileSize: fileSize) {
      self = .safetensors
    } else if leading.count >= 2, leading[0] == 0x80, (2...5).contains(leading[1]) {
      self = .pickle
    } else if leading.allSatisfy({ $0 == 0 }) {
      self = .zeros
    } else if Self.isHTML(leading) {
      self = .html
    } else if leading.starts(with: [0x08]), Self.isONNX(leading) {
      self = .onnx
    } else if leading.allSatisfy({ $0 >= 0x20 || (9...13).contains($0) }) {
      self = .text
    } else {
      self = .unknown
    }
  }

  private static let signatures: [(bytes: [UInt8], kind: FileKind)] = [
    ([0x50, 0x4B, 3, 4], .zip),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
    ([0x93] + Array("NUMPY".utf8), .numpy),
    (Array("GGUF".utf8), .gguf),
    (Array("PYTORCH1".utf8), .pytorchPreview),
    (Array("version https://git-lfs".utf8), .gitLFSPointer),
    ([0x1F, 0x8B], .gzip),
    ([0x89, 0x50, 0x4E, 0x47], .png),
    ([0xFF, 0xD8, 0xFF], .jpeg),
    ([0x7F, 0x45, 0x4C, 0x46], .elf),
  ]

  private static func isSafetensors(_ leading: [UInt8], fileSize: Int) -> Bool {
    guard leading.count >= 10, leading[8] == 0x7B else { return false }
    let length = leading[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length >= 2 && length <= UInt64(max(fileSize, 1 << 27))
  }

  private static func isHTML(_ leading: [UInt8]) -> Bool {
    let start = leading.drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) }.prefix(15)
    let text = String(decoding: start, as: UTF8.self).lowercased()
    return text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<head")
  }

  /// An ONNX model starts with its IR version (field 1) followed by the producer's name or the graph.
  private static func isONNX(_ leading: [UInt8]) -> Bool {
    leading.count > 3 && leading[1] < 32 && [0x12, 0x1A, 0x2A, 0x3A, 0x42].contains(leading[2])
  }

  /// What the file is, as in "is …".
  package var name: String {
    switch self {
    case .zip: "a zip archive"
    case .kerasArchive: "a Keras archive"
    case .torchExport: "a torch.export archive (.pt2)"
    case .legacyTorch: "a PyTorch checkpoint of before version 1.6"
    case .pickle: "a plain Python pickle"
    case .safetensors: "a safetensors file"
    case .hdf5: "an HDF5 file"
    case .numpy: "a numpy array"
    case .onnx: "an ONNX model"
    case .gguf: "a GGUF file"
    case .tar: "a tar archive"
    case .pytorchPreview: "a container of the PyTorch 1.0 preview"
    case .gitLFSPointer: "a Git LFS pointer, not the model"
    case .html: "an HTML page (does the download need a login?)"
    case .gzip: "a gzip file"
    case .png: "a PNG image"
    case .jpeg: "a JPEG image"
    case .elf: "a program (ELF)"
    case .zeros: "nothing but zero bytes"
    case .text: "a text file"
    case .unknown: "of an unknown kind"
    }
  }

  /// What to do when a model was expected.
  package var remedy: String? {
    switch self {
    case .gitLFSPointer: "run `git lfs pull`"
    case .html, .zeros: "download the file again"
    case .gzip: "unpack it with gunzip first"
    case .tar, .pytorchPreview:
      "load it with an old PyTorch and save it again with torch.save"
    case .pickle: "save the weights with torch.save(model.state_dict(), path)"
    case .gguf: "save the weights as .safetensors"
    default: nil
    }
  }

  /// The error for a file that is not `expected`.
  package func mismatch(expected: String, file: String) -> CheckpointError {
    CheckpointError(
      .notThisFormat, "is \(name), where \(expected) was expected", file: file, remedy: remedy)
  }
}
