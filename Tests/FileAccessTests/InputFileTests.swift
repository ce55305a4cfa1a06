import FileAccess
import Glibc
import Testing

@Suite struct InputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ path: String) -> FileAccessError.Code? {
    do throws(FileAccessError) {
      _ = try InputFile(path: path)
      return nil
    } catch {
      #expect(error.path == path)
      return error.code
    }
  }

  @Test func `reads ranges and the whole of a file`() throws {
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let file = try InputFile(path: folder.store(bytes))
    #expect(file.byteCount == 5000)
    #expect(try file.contents() == bytes)
    #expect(try file.bytes(at: 4990, count: 10) == Array(bytes.suffix(10)))
    #expect(try file.bytes(at: 5000, count: 0).isEmpty)
  }

  @Test func `follows a symbolic link`() throws {
    _ = try folder.store([1, 2])
    #expect(unsafe symlink("f", folder.file("link")) == 0)
    #expect(try InputFile(path: folder.file("link")).contents() == [1, 2])
  }

  @Test func `rejects what is no regular file without waiting on it`() throws {
    #expect(unsafe mkfifo(folder.file("pipe"), 0o600) == 0)
    for path in [folder.path, folder.file("pipe"), "/dev/zero", "/dev/tty", "/dev/null"] {
      #expect([.notRegular, .unreadable].contains(refusal(path)), "\(path)")
    }
    #expect(refusal(folder.file("pipe")) == .notRegular)
  }

  @Test func `rejects an absent file, an empty one and one below a file`() throws {
    _ = try folder.store([], as: "empty")
    #expect(refusal(folder.file("absent")) == .missing)
    #expect(refusal("") == .missing)
    #expect(refusal(folder.file("empty")) == .empty)
    #expect(refusal(folder.file("empty/below")) == .unreadable)
  }

  @Test(arguments: [(0, 5), (4, 1), (5, 0), (-1, 2), (2, -1), (.max, 1), (1, .max)])
  func `rejects a range outside the file`(offset: Int, count: Int) throws {
    let file = try InputFile(path: folder.store([1, 2, 3, 4]))
    let error = #expect(throws: FileAccessError.self) {
      try file.bytes(at: offset, count: count)
    }
    #expect(error?.code == .truncated && error?.offset == offset)
  }

  @Test func `rejects a file cut while it is read`() throws {
    let file = try InputFile(path: folder.store([1, 2, 3, 4]))
    #expect(unsafe truncate(folder.file(), 3) == 0)
    let error = #expect(throws: FileAccessError.self) { try file.contents() }
    #expect(error?.code == .truncated && error?.offset == 3)
  }
}
