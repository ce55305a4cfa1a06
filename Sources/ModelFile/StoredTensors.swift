import Dispatch
import FileAccess
package import GraphIR
import Synchronization
package import TensorCore

/// The tensors of an open model file, read when they are asked for.
///
/// The file stays open, so it may be renamed, replaced or removed. Every reading checks anew what
/// it gets, so a file that was written over is found out.
package struct StoredTensors: Sendable {
  /// Bytes that are read and digested at once, while they are in the cache.
  private static let pieceByteCount = 1 << 18

  private let file: InputFile
  private let dataOffset: Int
  private let entries: [Manifest.StoredTensor]
  private let places: [ValueID: Int]

  /// - Parameter manifest: of `file`, checked against `header`.
  init(_ file: InputFile, _ header: FileHeader, _ manifest: Manifest) {
    self.file = file
    dataOffset = Int(header.dataOffset)
    entries = manifest.tensors
    places = Dictionary(
      manifest.constants.map { (ValueID($0.value), Int($0.tensor)) }, uniquingKeysWith: { $1 })
  }

  /// The tensor of the constant `value` of the file's graph.
  ///
  /// - Throws: `.unreadable`, `.truncated`, or `.corrupt` when its SHA-256 does not match.
  package func tensor(of value: ValueID) throws(ModelFileError) -> Tensor {
    guard let place = places[value] else {
      preconditionFailure("\(value) is no constant of the model file's graph")
    }
    do throws(ModelFileError) {
      return try tensor(at: place, verifying: true)
    } catch {
      throw error.about(file.path)
    }
  }

  /// Reads every tensor once and checks its SHA-256.
  ///
  /// - Throws: as `tensor`, for the first in the file that is at fault.
  package func verify() throws(ModelFileError) {
    do throws(ModelFileError) {
      _ = try all { index throws(ModelFileError) in _ = try tensor(at: index, verifying: true) }
    } catch {
      throw error.about(file.path)
    }
  }

  /// All tensors in the file's order.
  func tensors(verifying: Bool) throws(ModelFileError) -> [Tensor] {
    try all { index throws(ModelFileError) in try tensor(at: index, verifying: verifying) }
  }

  /// The type of each tensor in the file's order.
  func types() throws(ModelFileError) -> [ValueType] {
    try entries.map { entry throws(ModelFileError) in
      let shape = try entry.checkedShape(at: dataOffset + Int(entry.offset))
      return ValueType(shape.elementType, shape.axes.map(Dimension.fixed), layout: .plain)
    }
  }

  /// Checks that the bytes between tensors are zero.
  func checkPadding() throws(ModelFileError) {
    var end = 0
    for entry in entries {
      try file.requireZeros(dataOffset + end..<dataOffset + Int(entry.offset))
      end = Int(entry.offset + entry.length)
    }
  }

  /// What `body` makes of each tensor, on all cores; of several faults the first in the file is
  /// thrown.
  private func all<Made: Sendable>(
    _ body: @Sendable (_ index: Int) throws(ModelFileError) -> Made
  ) throws(ModelFileError) -> [Made] {
    let results = Mutex([Result<Made, ModelFileError>?](repeating: nil, count: entries.count))
    DispatchQueue.concurrentPerform(iterations: entries.count) { index in
      let result = Result { () throws(ModelFileError) in try body(index) }
      results.withLock { $0[index] = result }
    }
    var made: [Made] = []
    for result in results.withLock({ $0 }) {
      guard let result else { preconditionFailure("a tensor of the file was not read") }
      made.append(try result.get())
    }
    return made
  }

  private func tensor(at index: Int, verifying: Bool) throws(ModelFileError) -> Tensor {
    let entry = entries[index]
    let place = dataOffset + Int(entry.offset)
    let shape = try entry.checkedShape(at: place)
    let hasher = verifying ? SHA256Hasher() : nil
    let tensor = try unsafe Tensor(
      elementType: shape.elementType, shape: shape.axes
    ) { buffer throws(ModelFileError) in
      for start in stride(from: 0, to: buffer.count, by: Self.pieceByteCount) {
        let end = min(start + Self.pieceByteCount, buffer.count)
        let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end])
        try ModelFileError.reporting { () throws(FileAccessError) in
          try unsafe file.read(at: place + start, into: piece)
        }
        unsafe hasher?.update(piece.bytes)
      }
    }
    guard hasher.map({ $0.finalize() == entry.digest }) ?? true else {
      throw ModelFileError(
        .corrupt, "tensor '\(entry.name)' is damaged: its SHA-256 does not match", at: place,
        remedy: "copy or convert the file again")
    }
    return tensor
  }
}

extension InputFile {
  /// Checks that the bytes of `range` are zero.
  ///
  /// - Throws: `.corrupt` at the first that is not.
  func requireZeros(_ range: Range<Int>) throws(ModelFileError) {
    let bytes: [UInt8] = try ModelFileError.reporting { () throws(FileAccessError) in
      try self.bytes(at: range.lowerBound, count: range.count)
    }
    guard let position = bytes.firstIndex(where: { $0 != 0 }) else { return }
    throw ModelFileError(
      .corrupt, "has padding that is not zero", at: range.lowerBound + position,
      remedy: "copy or convert the file again")
  }
}
