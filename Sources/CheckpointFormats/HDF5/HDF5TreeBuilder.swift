import OrderedCollections
import TensorCore

/// Builds the tree from the child's messages, which are checked like a foreign file.
struct HDF5TreeBuilder {
  private let file: String
  /// The open groups from the root down, with their names.
  private var open: [(name: String, group: HDF5Group)] = [("", HDF5Group())]
  private var byteBudget: Int
  private var messageBudget = 3 * HDF5Limits.objects

  /// Starts with the open root group.
  init(file: String, fileSize: Int) {
    self.file = file
    byteBudget = HDF5Limits.datasetBytes(fileSize: fileSize)
  }

  /// Adds one message; returns the root when it was the last.
  ///
  /// - Parameter source: where the bytes of a dataset follow.
  mutating func add(
    _ kind: HDF5MessageKind, _ message: HDF5MessageReader, source: borrowing HDF5ReaderProcess
  ) throws(CheckpointError) -> HDF5Group? {
    var message = message
    messageBudget -= 1
    guard messageBudget >= 0 else { throw message.violation("too many messages") }
    switch kind {
    case .groupStart:
      let name = try message.name()
      guard open.count < HDF5Limits.depth else { throw message.violation("groups nest too deep") }
      open.append((name, HDF5Group()))
    case .groupEnd: try closeGroup(message)
    case .attribute:
      let name = try message.name()
      let value = try message.attribute()
      guard open[open.count - 1].group.attributes.updateValue(value, forKey: name) == nil else {
        throw message.violation("two attributes of one name")
      }
    case .dataset: try addDataset(&message, source: source)
    case .failure: throw try failure(&message)
    case .end:
      guard open.count == 1 else { throw message.violation("a group is left open") }
      try message.finish()
      return open[0].group
    }
    try message.finish()
    return nil
  }

  private mutating func closeGroup(_ message: HDF5MessageReader) throws(CheckpointError) {
    guard open.count > 1, let (name, group) = open.popLast() else {
      throw message.violation("a group is closed that was not opened")
    }
    let parent = open.count - 1
    guard open[parent].group.groups.updateValue(group, forKey: name) == nil else {
      throw message.violation("two groups of one name")
    }
  }

  private mutating func addDataset(
    _ message: inout HDF5MessageReader, source: borrowing HDF5ReaderProcess
  ) throws(CheckpointError) {
    let name = try message.name()
    let header = try HDF5DatasetHeader(from: &message)
    guard header.byteCount <= byteBudget else { throw message.violation("too many bytes") }
    byteBudget -= header.byteCount
    let storage = try unsafe AlignedStorage(
      byteCount: header.byteCount
    ) { buffer throws(CheckpointError) in try unsafe source.receive(into: buffer) }
    let tensor = Tensor(elementType: header.elementType, shape: header.shape, storage: storage)
    if header.elementType == .bool {
      let bytes = storage.bytes
      let isTruth = unsafe bytes.withUnsafeBytes { unsafe $0.allSatisfy { $0 <= 1 } }
      guard isTruth else {
        throw CheckpointError(
          .corrupt, "holds truth values other than 0 and 1", file: file, subject: name)
      }
    }
    guard open[open.count - 1].group.datasets.updateValue(tensor, forKey: name) == nil else {
      throw message.violation("two datasets of one name")
    }
  }

  private func failure(_ message: inout HDF5MessageReader) throws(CheckpointError)
    -> CheckpointError
  {
    guard let kind = HDF5Refusal.Kind(rawValue: try message.integer()) else {
      throw message.violation("a failure of unknown kind")
    }
    let subject = try message.string()
    let text = try message.string()
    let remedy = try message.string()
    let code: CheckpointError.Code =
      switch kind {
      case .corrupt: .corrupt
      case .unsupported: .unsupported
      case .refused: .refused
      case .limitExceeded: .limitExceeded
      case .sandbox: .unreadable
      }
    let prefix = kind == .sandbox ? "the HDF5 reader could not isolate itself: " : ""
    return CheckpointError(
      code, prefix + text, file: file, subject: subject.isEmpty ? nil : subject,
      remedy: remedy.isEmpty ? nil : remedy)
  }
}
