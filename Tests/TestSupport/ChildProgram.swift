public import Foundation

/// What a program that was run left behind.
public struct ChildResult: Sendable, CustomStringConvertible {
  /// Exit status; nil when the program was ended by a signal or took too long.
  public let status: Int32?
  public let output: String
  public let errors: String

  public var description: String {
    "status \(status.map(String.init) ?? "none"), output: \(output), errors: \(errors)"
  }
}

/// Programs run as child processes, with what they print kept.
public enum ChildProgram {
  /// Runs `program` in `folder` and waits; a child that takes longer than `timeout` is killed.
  ///
  /// - Parameter environment: added to this process's own.
  public static func run(
    _ program: String, _ arguments: [String], in folder: String? = nil,
    environment: [String: String] = [:], timeout: TimeInterval = 120
  ) throws -> ChildResult {
    let logs = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    try logs.write(Data(), as: "output")
    try logs.write(Data(), as: "errors")
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: logs.url.appending(path: "output"))
    process.standardError = try FileHandle(forWritingTo: logs.url.appending(path: "errors"))
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let isInTime = ended.wait(timeout: .now() + timeout) == .success
    if !isInTime {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    return ChildResult(
      status: isInTime && process.terminationReason == .exit ? process.terminationStatus : nil,
      output: try String(contentsOfFile: logs.path("output"), encoding: .utf8),
      errors: try String(contentsOfFile: logs.path("errors"), encoding: .utf8))
  }

  /// The path of a program that was built together with the tests.
  public static func built(_ name: String) -> String {
    Bundle.main.bundleURL.appending(path: name).path
  }
}
