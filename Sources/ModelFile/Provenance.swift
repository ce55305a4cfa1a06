import FileAccess

/// Where a model came from and how it was made: kept for inspection, never needed to run it.
package struct Provenance: Sendable, Equatable {
  /// The checkpoint that a model was converted from.
  package struct Source: Sendable, Equatable {
    package var format: String
    /// The last component of the path, so that files do not depend on where they were made.
    package var fileName: String
    package var byteCount: Int
    package var digest: SHA256Digest

    package init(format: String, fileName: String, byteCount: Int, digest: SHA256Digest) {
      self.format = format
      self.fileName = fileName
      self.byteCount = byteCount
      self.digest = digest
    }

    /// Measures the file at `path`, reading all of it.
    ///
    /// - Throws: `.unreadable`, or `.truncated` when the file is empty or becomes shorter meanwhile.
    package init(describing path: String, format: String) throws(ModelFileError) {
      self = try ModelFileError.reporting { () throws(FileAccessError) in
        let file = try InputFile(path: path)
        return Source(
          format: format, fileName: path.split(separator: "/").last.map(String.init) ?? path,
          byteCount: file.byteCount, digest: try SHA256Digest(of: file))
      }
    }
  }

  /// A named choice.
  package struct Setting: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// A pass that was applied to the graph.
  package struct Pass: Sendable, Equatable {
    package var name: String
    package var exactness: String
    package var rewriteCount: Int

    package init(name: String, exactness: String, rewriteCount: Int) {
      self.name = name
      self.exactness = exactness
      self.rewriteCount = rewriteCount
    }
  }

  /// Version of the program that wrote the file.
  package var toolVersion: String
  /// Absent for a model that was not converted from a file.
  package var source: Source?
  /// Name of the dialect or family that fixes the meaning of the checkpoint's layers.
  package var family: String
  package var title: String
  /// Choices made for the conversion.
  package var options: [Setting]
  package var passes: [Pass]
  /// What was ignored, assumed or changed, in words.
  package var notes: [String]

  package init(
    toolVersion: String, source: Source? = nil, family: String, title: String,
    options: [Setting] = [], passes: [Pass] = [], notes: [String] = []
  ) {
    self.toolVersion = toolVersion
    self.source = source
    self.family = family
    self.title = title
    self.options = options
    self.passes = passes
    self.notes = notes
  }
}
