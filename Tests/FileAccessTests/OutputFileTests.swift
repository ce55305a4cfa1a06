import FileAccess
import Glibc
import Testing

@Suite struct OutputFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(
    _ pieces: [[UInt8]], to path: String, replacing: Bool
  ) throws(FileAccessError) {
    var file = try OutputFile(path: path, replacing: replacing)
    for piece in pieces { try file.write(piece) }
    try file.commit()
  }

  private func refusal(_ path: String, replacing: Bool) -> FileAccessError.Code? {
    do throws(FileAccessError) {
      try write([[9]], to: path, replacing: replacing)
      return nil
    } catch {
      #expect(error.path == path)
      return error.code
    }
  }

  @Test(arguments: [false, true])
  func `writes pieces in order under the name alone`(replacing: Bool) throws {
    let large = [UInt8](repeating: 7, count: 300_000)
    try write([[1, 2], [], large, [3]], to: folder.file(), replacing: replacing)
    #expect(try folder.contents() == [1, 2] + large + [3])
    #expect(try folder.names == ["f"])
  }

  @Test func `keeps an existing file unless told to replace it`() throws {
    let path = try folder.store([1])
    #expect(refusal(path, replacing: false) == .exists)
    #expect(try folder.contents() == [1])
    #expect(refusal(path, replacing: true) == nil)
    #expect(try folder.contents() == [9])
    #expect(try folder.names == ["f"])
  }

  @Test(arguments: [mode_t(0o600), 0o640, 0o755])
  func `keeps the permissions of the file it replaces`(mode: mode_t) throws {
    let path = try folder.store([1])
    #expect(unsafe chmod(path, mode) == 0)
    #expect(refusal(path, replacing: true) == nil)
    var status = stat()
    #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == mode)
  }

  @Test func `keeps a file that appears while the new one is written`() throws {
    var file = try OutputFile(path: folder.file(), replacing: false)
    let bytes: [UInt8] = [1, 2, 3]
    try file.write(bytes)
    _ = try folder.store([4])
    do throws(FileAccessError) {
      try file.commit()
      Issue.record("the other file was replaced")
    } catch {
      #expect(error.code == .exists)
    }
    #expect(try folder.contents() == [4])
    #expect(try folder.names == ["f"])
  }

  @Test func `keeps the old file when writing does not finish`() throws {
    let path = try folder.store([1])
    do {
      var file = try OutputFile(path: path, replacing: true)
      let bytes: [UInt8] = [9, 9]
      try file.write(bytes)
      #expect(try folder.contents() == [1])
    }
    #expect(try folder.contents() == [1])
    #expect(try folder.names == ["f"])
  }

  @Test func `replaces a link and leaves what it names`() throws {
    _ = try folder.store([1], as: "old")
    #expect(unsafe symlink("old", folder.file()) == 0)
    #expect(refusal(folder.file(), replacing: false) == .exists)
    #expect(refusal(folder.file(), replacing: true) == nil)
    #expect(try folder.contents("old") == [1])
    #expect(try folder.contents() == [9])
  }

  @Test func `keeps a dangling link unless told to replace it`() throws {
    #expect(unsafe symlink("nothing", folder.file()) == 0)
    #expect(refusal(folder.file(), replacing: false) == .exists)
    #expect(try folder.names == ["f"])
  }

  @Test(arguments: [false, true])
  func `rejects targets that are no files and folders that are absent`(replacing: Bool) throws {
    #expect(unsafe mkfifo(folder.file("pipe"), 0o600) == 0)
    for path in [
      folder.path, folder.file("pipe"), "/dev/null", "/dev/stdout", folder.file("a/b"), "",
    ] {
      #expect(refusal(path, replacing: replacing) == .unwritable, "\(path)")
    }
    #expect(try folder.names == ["pipe"])
  }

  @Test func `rejects bytes beyond a size limit and keeps the old file`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = try folder.store([1])
      signal(SIGXFSZ, SIG_IGN)
      var limits = rlimit()
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
      limits.rlim_cur = 1000
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
      var file = try OutputFile(path: path, replacing: true)
      let bytes = [UInt8](repeating: 7, count: 1001)
      do throws(FileAccessError) {
        try file.write(bytes)
        Issue.record("more bytes than the limit were written")
      } catch {
        #expect(error.code == .full)
      }
      _ = consume file
      #expect(try folder.contents() == [1])
      #expect(try folder.names == ["f"])
    }
  }

  @Test func `gives the file the permissions that the mask allows`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      umask(0o027)
      try OutputFile(path: folder.file(), replacing: false).commit()
      var status = stat()
      try #require(unsafe stat(folder.file(), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o640)
    }
  }
}
