import Glibc
import Testing

@testable import ModelFile

@Suite struct WritingTests {
  let folder = TemporaryFolder()

  private func write(
    _ model: StoredModel, to path: String, replacing: Bool = true
  ) -> ModelFileError? {
    do throws(ModelFileError) {
      try ModelFileWriter.write(model, to: path, replacing: replacing)
      return nil
    } catch {
      return error
    }
  }

  @Test func `keeps an existing file unless told to replace it`() throws {
    try store("old".utf8, at: folder.file())
    let error = try #require(write(try sampleModel(), to: folder.file(), replacing: false))
    #expect(error.code == .exists)
    #expect(error.description.hasPrefix("\(folder.file()): exists already — "))
    #expect(try contents(folder.file()) == Array("old".utf8))
    #expect(folder.names == ["model.pcm"])
    #expect(write(try sampleModel(), to: folder.file()) == nil)
    #expect(refusal(folder.file()) == nil)
    #expect(folder.names == ["model.pcm"])
  }

  @Test func `rejects targets that are not files`() throws {
    unsafe mkfifo(folder.file("pipe"), 0o600)
    for path in [folder.path, folder.file("pipe"), "/dev/full", "/dev/null"] {
      #expect(write(try sampleModel(), to: path)?.code == .unwritable)
    }
    #expect(write(try sampleModel(), to: folder.file("missing/model.pcm"))?.code == .unwritable)
    #expect(folder.names == ["pipe"])
  }

  @Test func `replaces a link and leaves what it names`() throws {
    try store("old".utf8, at: folder.file("old"))
    unsafe symlink("old", folder.file())
    #expect(write(try sampleModel(), to: folder.file(), replacing: false)?.code == .exists)
    #expect(write(try sampleModel(), to: folder.file()) == nil)
    #expect(try contents(folder.file("old")) == Array("old".utf8))
    #expect(refusal(folder.file()) == nil)
  }

  @Test func `keeps the old file when the new one reaches a size limit`() async {
    await #expect(processExitsWith: .success) {
      let folder = TemporaryFolder()
      signal(SIGXFSZ, SIG_IGN)
      try store("old".utf8, at: folder.file())
      for limit: rlim_t in [0, 1, 127, 128, 4095, 4096, 4097, 4479] {
        var limits = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
        limits.rlim_cur = limit
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
        let error = #expect(throws: ModelFileError.self) {
          try ModelFileWriter.write(try sampleModel(), to: folder.file(), replacing: true)
        }
        #expect(error?.code == .full)
        #expect(try contents(folder.file()) == Array("old".utf8))
        #expect(folder.names == ["model.pcm"])
      }
    }
  }

  @Test func `rejects a model that its reader would refuse`() throws {
    var model = try sampleModel()
    model.provenance.title = "a\u{0}b"
    #expect(write(model, to: folder.file())?.code == .unwritable)
    model = try sampleModel()
    model.provenance.notes = [String](repeating: "", count: 100_001)
    #expect(write(model, to: folder.file())?.code == .limitExceeded)
    #expect(folder.names == [])
  }

  @Test func `gives the file the permissions that the mask allows`() async {
    await #expect(processExitsWith: .success) {
      let folder = TemporaryFolder()
      umask(0o027)
      try ModelFileWriter.write(try sampleModel(), to: folder.file(), replacing: false)
      var status = stat()
      try #require(unsafe stat(folder.file(), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o640)
    }
  }
}
