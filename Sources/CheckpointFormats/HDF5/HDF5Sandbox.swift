import CHDF5
import CSeccomp
import Glibc
import Synchronization

/// The child process in which the HDF5 library runs.
///
/// The library reads the file's image, an inherited memory file, under limits of memory and
/// processor time and a system-call filter that leaves it no way to open, connect, start or signal
/// anything; it can only compute and write its report to a pipe. The parent trusts none of it.
package enum HDF5Sandbox {
  /// The first argument that turns a program into the reader; the rest are groups to skip.
  static let flag = "--pconv-hdf5-reader"

  private static let registered = Atomic<Bool>(false)

  /// Whether this program can serve as its own reader.
  static var isRegistered: Bool { registered.load(ordering: .relaxed) }

  /// Serves as the reader and ends the process when `arguments` ask for it; returns otherwise.
  ///
  /// Every command calls this first. From then on `HDF5File.read` starts the running program itself
  /// as the child.
  package static func runIfRequested(arguments: [String] = CommandLine.arguments) {
    registered.store(true, ordering: .relaxed)
    guard arguments.count >= 2, arguments[1] == flag else { return }
    serve(skippedGroups: Set(arguments.dropFirst(2)))
  }

  /// Reads the image on descriptor 0, reports on descriptor 1, and exits without running the
  /// library's own termination, which walks memory that the file may have damaged.
  private static func serve(skippedGroups: Set<String>) -> Never {
    do throws(HDF5Refusal) {
      let image = try HDF5MappedImage(descriptor: 0)
      try enterSandbox(fileSize: image.byteCount)
      let file = try image.open()
      var walker = HDF5Walker(fileSize: image.byteCount, skippedGroups: skippedGroups)
      try walker.walkRoot(of: file)
      HDF5Report.send(.end, HDF5MessageBody())
      _exit(0)
    } catch {
      var body = HDF5MessageBody()
      body.append(error.kind.rawValue)
      for text in [error.subject, error.message, error.remedy] { body.append(text) }
      HDF5Report.send(.failure, body)
      _exit(0)
    }
  }

  /// Installs the limits and the filter, and checks that the filter holds.
  ///
  /// The library initialises before, because that reads its environment and no byte of the file.
  private static func enterSandbox(fileSize: Int) throws(HDF5Refusal) {
    guard H5open() >= 0, H5Eset_auto2(0, nil, nil) >= 0, H5PLset_loading_state(0) >= 0 else {
      throw HDF5Refusal(.sandbox, "the HDF5 library does not start")
    }
    let seconds = UInt(HDF5Limits.processorSeconds(fileSize: fileSize))
    try limit(RLIMIT_AS, to: UInt(HDF5Limits.addressSpace(fileSize: fileSize)))
    try limit(RLIMIT_CPU, to: seconds)
    try limit(RLIMIT_CORE, to: 0)
    try installFilter()
    guard unsafe Glibc.open("/dev/null", O_RDONLY) < 0, errno == EPERM else {
      throw HDF5Refusal(.sandbox, "the system-call filter does not hold")
    }
  }

  private static func limit(
    _ resource: __rlimit_resource, to value: UInt
  ) throws(HDF5Refusal) {
    var limit = rlimit()
    _ = unsafe getrlimit(CInt(resource.rawValue), &limit)
    limit.rlim_max = min(limit.rlim_max, value)
    limit.rlim_cur = limit.rlim_max
    guard unsafe setrlimit(CInt(resource.rawValue), &limit) == 0 else {
      throw HDF5Refusal(.sandbox, "a resource limit cannot be set (error \(errno))")
    }
  }

  /// Allows memory, the open descriptors and exit; every other call fails with `EPERM`.
  ///
  /// Loading the filter also sets the no-new-privileges flag of the process.
  private static func installFilter() throws(HDF5Refusal) {
    guard let filter = unsafe seccomp_init(pc_seccomp_deny()) else {
      throw HDF5Refusal(.sandbox, "a system-call filter cannot be made")
    }
    var failed = false
    for name in [
      "read", "write", "close", "fstat", "lseek", "brk", "munmap", "mremap", "madvise", "futex",
      "exit", "exit_group", "clock_gettime", "getrandom", "rt_sigprocmask", "rt_sigaction",
      "rt_sigreturn", "gettid", "getpid",
    ] {
      let number = unsafe seccomp_syscall_resolve_name(name)
      failed = unsafe failed || seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, nil) != 0
    }
    for name in ["mmap", "mprotect"] {
      let number = unsafe seccomp_syscall_resolve_name(name)
      var notExecutable = scmp_arg_cmp(
        arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
      failed =
        unsafe failed
        || seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &notExecutable) != 0
    }
    guard !failed, unsafe seccomp_load(filter) == 0 else {
      throw HDF5Refusal(.sandbox, "the system-call filter cannot be installed")
    }
    unsafe seccomp_release(filter)
  }
}

/// The child's end of the pipe.
enum HDF5Report {
  /// Sends one message, with the dataset's bytes after it.
  static func send(_ kind: HDF5MessageKind, _ body: HDF5MessageBody) {
    var frame = HDF5MessageBody()
    frame.append(kind.rawValue)
    frame.append(UInt32(body.bytes.count))
    let bytes = frame.bytes + body.bytes
    unsafe bytes.withUnsafeBytes { unsafe send($0) }
  }

  /// Sends raw bytes; ends the process when nobody reads them any more.
  static func send(_ bytes: UnsafeRawBufferPointer) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
      let count = unsafe write(1, part.baseAddress, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { _exit(1) }
      unsafe rest = rest.dropFirst(count)
    }
  }
}
