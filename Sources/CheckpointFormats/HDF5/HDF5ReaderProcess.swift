import CSeccomp
import FileAccess
import Glibc

/// A running child and the parent's end of its pipe; the child never outlives this value.
struct HDF5ReaderProcess: ~Copyable {
  private let process: pid_t
  private let pipe: CInt
  private let deadline: ContinuousClock.Instant
  /// Name of the file being read, for errors.
  let file: String
  /// Size of the file being read.
  let fileSize: Int

  /// Starts `program` with the image as descriptor 0, the pipe as 1, and no other descriptor.
  ///
  /// - Throws: `unreadable` when the system cannot start it.
  init(
    program: String, image: borrowing HDF5Image, skippedGroups: [String]
  ) throws(CheckpointError) {
    file = image.file
    fileSize = image.byteCount
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else {
      throw CheckpointError(
        .unreadable, "the HDF5 reader has no pipe: \(systemMessage())", file: image.file)
    }
    let (process, status) = Self.spawn(
      [program, HDF5Sandbox.flag] + skippedGroups, input: image.descriptor, output: ends[1])
    close(ends[1])
    guard status == 0 else {
      close(ends[0])
      throw CheckpointError(
        .unreadable,
        "the HDF5 reader could not be started: \(systemMessage(status))",
        file: image.file, subject: program)
    }
    self.process = process
    pipe = ends[0]
    deadline = .now + .seconds(10 + 4 * HDF5Limits.processorSeconds(fileSize: fileSize))
  }

  deinit {
    kill(process, SIGKILL)
    while waitpid(process, nil, 0) < 0 && errno == EINTR {}
    close(pipe)
  }

  /// Reads the child's whole report.
  consuming func readTree() throws(CheckpointError) -> HDF5Group {
    var tree = HDF5TreeBuilder(file: file, fileSize: fileSize)
    var budget = HDF5Limits.reportBytes
    while true {
      var head: [UInt8] = [0, 0, 0, 0, 0]
      try receive(into: &head)
      var reader = HDF5MessageReader(head, file: file)
      let kind = HDF5MessageKind(rawValue: try reader.integer())
      let size = Int(try reader.integer(UInt32.self))
      guard let kind, size <= budget else {
        throw reader.violation("a message of unknown kind or \(size) bytes")
      }
      budget -= size
      var body = [UInt8](repeating: 0, count: size)
      try receive(into: &body)
      let reply = HDF5MessageReader(body, file: file)
      if let root = try tree.add(kind, reply, source: self) { return root }
    }
  }

  private func receive(into bytes: inout [UInt8]) throws(CheckpointError) {
    var failure: CheckpointError?
    unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(CheckpointError) {
        try unsafe receive(into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Fills `buffer` from the pipe.
  ///
  /// - Throws: `corrupt` when the child ends or the time is over before.
  func receive(into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    var rest = unsafe buffer[...]
    while unsafe !rest.isEmpty {
      try awaitBytes()
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: rest)
      let count = unsafe read(pipe, part.baseAddress, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw CheckpointError(
          .unreadable, "the HDF5 reader's pipe failed: \(systemMessage())", file: file)
      }
      guard count > 0 else { throw earlyEnd() }
      unsafe rest = rest.dropFirst(count)
    }
  }

  private func awaitBytes() throws(CheckpointError) {
    while true {
      let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
      guard left > 0 else { throw hung() }
      var request = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&request, 1, CInt(left) + 1)
      if count > 0 { return }
      guard count == 0 || errno == EINTR else {
        throw CheckpointError(
          .unreadable, "the HDF5 reader's pipe failed: \(systemMessage())", file: file)
      }
    }
  }

  private func hung() -> CheckpointError {
    CheckpointError(
      .corrupt, "the HDF5 library did not finish this file and was stopped: the file is damaged",
      file: file)
  }

  /// The error for a closed pipe: the library crashed, or used up its processor time.
  ///
  /// A child that closed the pipe and lives on, as only a taken-over one would, is not waited for.
  private func earlyEnd() -> CheckpointError {
    var info = unsafe siginfo_t()
    let options = WEXITED | WNOWAIT | WNOHANG
    let patience = ContinuousClock.now + .seconds(2)
    while unsafe waitid(P_PID, id_t(process), &info, options) < 0
      || info._sifields._sigchld.si_pid == 0
    {
      guard ContinuousClock.now < patience else { return hung() }
      usleep(1000)
    }
    let status = unsafe info._sifields._sigchld.si_status
    if unsafe info.si_code == CLD_EXITED {
      return CheckpointError(
        .corrupt, "the HDF5 reader ended early on this file (status \(status))", file: file)
    }
    if status == SIGKILL || status == SIGXCPU { return hung() }
    return CheckpointError(
      .corrupt, "the HDF5 library crashed on this file (signal \(status)): the file is damaged",
      file: file)
  }

  /// Starts a process with an environment of nothing but the library path.
  private static func spawn(
    _ arguments: [String], input: CInt, output: CInt
  ) -> (pid_t, CInt) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var failed = unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    failed |= unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    failed |= unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    failed |= unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    guard failed == 0 else { return (0, failed) }
    var environment = ["SWIFT_BACKTRACE=enable=no"]
    if let path = unsafe getenv("LD_LIBRARY_PATH") {
      environment.append("LD_LIBRARY_PATH=\(unsafe String(cString: path))")
    }
    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    let copies = unsafe argv + envp
    defer { for index in unsafe copies.indices { unsafe free(copies[index]) } }
    var process: pid_t = 0
    let status = unsafe posix_spawn(&process, arguments[0], &actions, nil, &argv, &envp)
    return (process, status)
  }
}
