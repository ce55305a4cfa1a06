import FileAccess
import Glibc

/// The files beside a model that hold its tensors.
///
/// A location is a relative path below the model's folder. Each of its components is opened in turn,
/// from the folder on and never through a symbolic link, so no name leads elsewhere.
final class ONNXExternalData {
  /// Most components of a location.
  static let maximumDepth = 16

  /// Path of the model's folder; nil when the model has none.
  private let folder: String?
  private var files: [String: FileBytes] = [:]

  init(folder: String?) { self.folder = folder }

  /// The paths of the files that hold tensors which were asked for, sorted.
  var paths: [String] { files.values.map(\.name).sorted() }

  /// The bytes that the `external_data` properties of a tensor name.
  ///
  /// - Parameter byteCount: what the tensor's shape needs, for properties that give no length.
  /// - Throws: `.refused`, `.missing`, `.unreadable`, `.corrupt` or `.unsupported`.
  func block(
    _ properties: [(key: String, value: String)], byteCount: Int, tensor: String, model: String
  ) throws(CheckpointError) -> StoredBlock {
    func failure(_ code: CheckpointError.Code, _ message: String) -> CheckpointError {
      CheckpointError(code, message, file: model, subject: tensor)
    }
    var values: [String: String] = [:]
    for (key, value) in properties {
      guard ["location", "offset", "length", "checksum"].contains(key) else {
        throw failure(.unsupported, "has external data with the unknown property '\(key)'")
      }
      guard values.updateValue(value, forKey: key) == nil else {
        throw failure(.corrupt, "has external data with two properties '\(key)'")
      }
    }
    guard let location = values["location"] else {
      throw failure(.corrupt, "has external data without a location")
    }
    guard let offset = Int(values["offset"] ?? "0"), offset >= 0,
      let length = Int(values["length"] ?? "\(byteCount)"), length >= 0
    else { throw failure(.corrupt, "has external data with a bad offset or length") }
    let file = try open(location, tensor: tensor, model: model)
    guard offset <= file.count, length <= file.count - offset else {
      throw CheckpointError(
        .truncated, "needs \(length) bytes at \(offset) of '\(location)', which has \(file.count)",
        file: model, subject: tensor, remedy: "copy the file that was written with the model")
    }
    return StoredBlock(file, offset: offset, byteCount: length)
  }

  private func open(
    _ location: String, tensor: String, model: String
  ) throws(CheckpointError) -> FileBytes {
    if let file = files[location] { return file }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isRelative =
      (1...Self.maximumDepth).contains(parts.count)
      && parts.allSatisfy { !["", ".", ".."].contains($0) && $0.utf8.count <= 255 }
      && !location.unicodeScalars.contains { $0 == "\\" || $0.value < 0x20 }
    guard let folder, isRelative else {
      throw CheckpointError(
        .refused, "keeps data in '\(location)', which is no plain path below the model's folder",
        file: model, subject: tensor)
    }
    let descriptor = try descend(parts, from: folder) { problem in
      CheckpointError(
        problem.isMissing ? .missing : .refused,
        "keeps data in '\(location)', which cannot be opened: \(problem.text)", file: model,
        subject: tensor,
        remedy: problem.isMissing ? "put that file beside the model" : nil)
    }
    let file = try FileBytes(
      adopting: descriptor, name: folder == "." ? location : folder + location)
    files[location] = file
    return file
  }

  private func descend(
    _ parts: [String], from folder: String,
    failure: ((isMissing: Bool, text: String)) -> CheckpointError
  ) throws(CheckpointError) -> Int32 {
    func problem() -> (isMissing: Bool, text: String) {
      let code = errno
      return (
        code == ENOENT, code == ELOOP ? "it leads through a symbolic link" : systemMessage()
      )
    }
    var current = unsafe Glibc.open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard current >= 0 else { throw failure(problem()) }
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (isLast ? O_NONBLOCK | O_NOCTTY : O_DIRECTORY)
      let next = unsafe openat(current, part, flags)
      let reason = next < 0 ? problem() : nil
      close(current)
      if let reason { throw failure(reason) }
      current = next
    }
    return current
  }
}
