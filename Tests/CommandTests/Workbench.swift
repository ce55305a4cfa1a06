import Foundation
import PartialConv
import TensorCore
import TestSupport
import Testing

/// A temporary folder in which the two commands are run.
struct Workbench {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func path(_ name: String) -> String { folder.path(name) }

  func convert(_ arguments: String...) throws -> ChildResult {
    try ChildProgram.run(
      ChildProgram.built("pconv-convert"), arguments, in: folder.url.path)
  }

  func run(_ arguments: String...) throws -> ChildResult {
    try ChildProgram.run(ChildProgram.built("pconv-run"), arguments, in: folder.url.path)
  }

  /// Converts a fixture to `model.pcm`.
  func makeModel(_ fixture: String) throws {
    let result = try convert(PackageFiles.fixture(fixture), "-o", "model.pcm", "--quiet")
    try #require(result.status == 0, "\(result)")
  }

  /// The first `count` bytes of a fixture as a new file.
  func truncate(_ fixture: String, to count: Int, as name: String) throws {
    let bytes = try Data(contentsOf: URL(filePath: PackageFiles.fixture(fixture)))
    try folder.write(bytes.prefix(count), as: name)
  }

  func writeArrays(_ arrays: [(name: String, tensor: Tensor)], as name: String) throws {
    try ArrayFile.writeArchive(arrays, to: path(name))
  }

  func readArrays(_ name: String) throws -> [String: Tensor] {
    try Dictionary(ArrayFile.readArchive(path(name)).map { ($0.name, $0.tensor) }) { $1 }
  }

  func contents(_ name: String) throws -> Data {
    try Data(contentsOf: folder.url.appending(path: name))
  }

  /// Runs `script` in the folder with the programs in `$CONVERT`, `$RUN` and `$CHECK`.
  func shell(_ script: String) throws -> ChildResult {
    try ChildProgram.run(
      "/bin/sh", ["-c", script], in: folder.url.path,
      environment: [
        "CONVERT": ChildProgram.built("pconv-convert"), "RUN": ChildProgram.built("pconv-run"),
        "CHECK": ChildProgram.built("pconv-check"),
      ])
  }
}

/// Expects an exit with `status`, one `error:` line on stderr with all of `words`, and no output.
func expectFailure(
  _ result: ChildResult, _ status: Int32, _ words: String...,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.status == status, "\(result)", sourceLocation: sourceLocation)
  #expect(result.output.isEmpty, "\(result)", sourceLocation: sourceLocation)
  #expect(result.errors.hasPrefix("error: "), "\(result)", sourceLocation: sourceLocation)
  #expect(
    result.errors.split(separator: "\n").count == 1, "\(result)", sourceLocation: sourceLocation)
  for word in words {
    #expect(
      result.errors.contains(word), "lacks '\(word)': \(result)", sourceLocation: sourceLocation)
  }
}
