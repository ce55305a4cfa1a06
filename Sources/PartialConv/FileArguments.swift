import FileAccess

/// The files that a command names, looked at before the work.
public enum FileArguments {
  /// Refuses what would lose a file or the work: an output that is an input or another output, or
  /// that cannot be written.
  ///
  /// - Throws: `PartialConvError` of kind `usage`, or `unreadable` when the system refuses.
  public static func check(
    inputs: [String], outputs: [String]
  ) throws(PartialConvError) {
    var taken: [FileIdentity: String] = [:]
    for input in inputs { FileIdentity(input).map { taken[$0] = input } }
    let read = Set(taken.keys)
    for output in outputs {
      guard let place = FileIdentity(placeOf: output) else { continue }
      if let other = taken.updateValue(output, forKey: place) {
        throw PartialConvError(
          .usage,
          read.contains(place)
            ? "\(output): is the input itself — give the output another name"
            : "\(output): is named twice, as \(other) too — give each output a name of its own")
      }
    }
    for output in outputs {
      do throws(FileAccessError) {
        _ = try OutputFile(path: output, replacing: true)
      } catch {
        throw PartialConvError(error)
      }
    }
  }
}

extension PartialConvError {
  /// An error about writing a file.
  init(_ error: FileAccessError) {
    self.init(.unreadable, "\(error.path): \(error.message) — \(error.remedy)")
  }
}
