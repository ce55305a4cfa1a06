import CheckpointFormats
import Testing

@Suite struct HDF5ReaderProcessTests {
  /// Reads a good file with `reader.sh`, which runs `script` instead of the HDF5 library.
  private func read(withReader script: String) throws(CheckpointError) -> HDF5File {
    try HDF5File.read(
      HDF5Fixtures.path("good_types"), skippingGroups: [script],
      executable: HDF5Fixtures.standInReader)
  }

  private func error(fromReader script: String) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try read(withReader: script) }
  }

  @Test func `rejects a reader that is not there`() throws {
    let error = #expect(throws: CheckpointError.self) {
      try HDF5File.read(HDF5Fixtures.path("good_types"), executable: "/nonexistent/reader")
    }
    #expect(error?.code == .unreadable)
  }

  @Test func `rejects a reader that ends early`() throws {
    let error = error(fromReader: "exit 3")
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("status 3") == true)
  }

  @Test func `rejects a reader that crashes`() throws {
    let error = error(fromReader: "kill -SEGV $$")
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("signal 11") == true)
  }

  @Test func `rejects a reader that falls silent`() throws {
    let error = error(fromReader: "exec sleep 20 >&-")
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("did not finish") == true)
  }

  @Test(arguments: [
    #"\003\001\000\000\000\000"#,
    #"\006\001\000\000\000\000"#,
    #"\011\000\000\000\000"#,
    #"\000\000\000\000\000"#,
    #"\002\000\000\000\000"#,
    #"\001\005\000\000\000\001\000\000\000a\006\000\000\000\000"#,
    #"\001\004\000\000\000\000\000\000\000"#,
    #"\001\005\000\000\000\001\000\000\000\377"#,
    #"\001\005\000\000\000\377\377\377\377a"#,
    #"\001\377\377\377\377"#,
    #"\003\012\000\000\000\001\000\000\000a\003\377\377\377\377"#,
    #"\003\012\000\000\000\001\000\000\000a\011\000\000\000\000"#,
    #"\004\007\000\000\000\001\000\000\000a\000\011"#,
    #"\004\007\000\000\000\001\000\000\000a\012\000"#,
    #"\004\017\000\000\000\001\000\000\000a\000\001\377\377\377\377\377\377\377\377"#,
    #"\004\017\000\000\000\001\000\000\000a\000\001\000\000\000\377\000\000\000\000"#,
    #"\005\001\000\000\000\011"#,
    #"\001\005\000\000\000\001\000\000\000a\002\000\000\000\000"#
      + #"\001\005\000\000\000\001\000\000\000a\002\000\000\000\000"#,
  ])
  func `rejects a reader that breaks the protocol`(_ output: String) throws {
    let error = error(fromReader: "printf '\(output)'")
    #expect(error?.code == .corrupt)
  }

  @Test func `takes an empty tree from a reader that finds nothing`() throws {
    let file = try read(withReader: #"printf '\006\000\000\000\000'"#)
    #expect(file.root.datasetPaths.isEmpty)
  }

  @Test func `starts the reader with the image, a pipe and nothing else`() throws {
    _ = try read(
      withReader: #"""
        [ "$(cd /proc/self/fd && echo *)" = "0 1 2 3" ] || exit 9
        [ -z "$HOME$HDF5_PLUGIN_PATH" ] || exit 8
        printf '\006\000\000\000\000'
        """#)
  }
}
