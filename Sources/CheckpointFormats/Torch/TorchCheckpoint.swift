/// A PyTorch checkpoint: `.pth`, `.pt`, `.pth.tar`, told by content, of PyTorch 0.2 to today.
///
/// Opening reads and checks everything but the tensors' bytes; nothing in the file is executed.
package struct TorchCheckpoint: Sendable {
  /// The value that was saved.
  package let root: TorchValue
  /// What the user should know: what was ignored, what the file lacks.
  package var notes: [String] { contents.notes }
  private let contents: TorchContents

  /// Opens the file at `path`.
  ///
  /// - Throws: `.notThisFormat` for other files, `.refused` for files made to run code, and what
  ///   the readers of the container and its pickle throw.
  package static func open(path: String) throws(CheckpointError) -> TorchCheckpoint {
    try open(FileBytes(path: path))
  }

  /// Opens a file or bytes in memory.
  package static func open(_ file: FileBytes) throws(CheckpointError) -> TorchCheckpoint {
    switch try FileKind(file) {
    case .zip:
      let container = try TorchZipContainer(file)
      return TorchCheckpoint(
        try TorchContents(
          container.pickle, storages: container.storages, blocks: container.blocks,
          isBigEndian: container.isBigEndian, file: file, notes: container.notes))
    case .legacyTorch:
      let container = try TorchLegacyContainer(file)
      return TorchCheckpoint(
        try TorchContents(
          container.pickle, storages: container.storages, blocks: container.blocks,
          isBigEndian: false, file: file, notes: container.notes))
    case .pickle:
      try refuseAttack(in: file)
      throw FileKind.pickle.mismatch(expected: "a PyTorch checkpoint", file: file.name)
    case let other:
      throw other.mismatch(expected: "a PyTorch checkpoint", file: file.name)
    }
  }

  private init(_ contents: TorchContents) {
    self.contents = contents
    root = TorchValue(contents, contents.root)
  }

  /// Names the call of a plain pickle that was made to run code.
  private static func refuseAttack(in file: FileBytes) throws(CheckpointError) {
    let count = min(file.count, PickleReader.Limits.byteCount)
    let bytes = try file.bytes(at: 0, count: count)
    do throws(CheckpointError) {
      _ = try PickleReader.read(bytes, file: file.name, subject: "pickle")
    } catch {
      if error.code == .refused { throw error }
    }
  }

  /// The value reached by following dictionary keys from the root.
  package func value(at path: [String]) -> TorchValue? {
    path.reduce(Optional(root)) { value, key in value?[key] }
  }
}
