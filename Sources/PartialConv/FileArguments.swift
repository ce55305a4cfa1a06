import FileAccess

/// The files that a command names, looked at before the work.
public enum FileArguments {
  /// Refuses what would lose a file or the work: an output that is an input, lies in a folder of
  /// inputs or is another output, or that cannot be written.
  ///
  /// - Parameters:
  ///   - inputs: files and folders; names of nothing that exists do not matter.
  ///   - replacing: whether outputs may exist.
  /// - Throws: `PartialConvError` of kind `usage`, or `unreadable` when the system refuses.
  public static func check(
    inputs: [String], outputs: [String], replacing: Bool = true
  ) throws(PartialConvError) {
    let read = Set(inputs.compactMap { FileIdentity($0) })
    var written: [FileIdentity: String] = [:]
    for output in outputs {
      let folder = isSearchedFor(output) ? FileIdentity(folderOf: output) : nil
      if let file = FileIdentity(output),
        read.contains(file) || folder.map(read.contains) ?? false
      {
        throw PartialConvError(
          .usage, "\(output): is the input itself, or one of them — give the output another name")
      }
      guard let place = FileIdentity(placeOf: output) else { continue }
      if let other = written.updateValue(output, forKey: place) {
        throw PartialConvError(
          .usage,
          "\(output): is named twice, as \(other) too — give each output a name of its own")
      }
    }
    for output in outputs {
      do throws(FileAccessError) {
        _ = try OutputFile(path: output, replacing: replacing)
      } catch {
        throw PartialConvError(error)
      }
    }
  }

  /// Whether folders of inputs are searched for files of such names.
  private static func isSearchedFor(_ path: String) -> Bool {
    let name = path.lowercased()
    return [".npy", ".npz", ".h5", ".safetensors", ".png", ".jpg", ".jpeg"]
      .contains { name.hasSuffix($0) }
  }
}

extension PartialConvError {
  /// An error about writing a file.
  init(_ error: FileAccessError) {
    guard error.code != .exists else {
      self.init(
        .usage,
        "\(error.path): exists already — pass --force to replace it, or choose another name")
      return
    }
    self.init(.unreadable, "\(error.path): \(error.message) — \(error.remedy)")
  }
}
