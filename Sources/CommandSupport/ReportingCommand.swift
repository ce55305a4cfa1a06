public import ArgumentParser
import Foundation
public import PartialConv

/// A command whose failures become one line on stderr and the exit code of their kind.
public protocol ReportingCommand: ParsableCommand {
  /// Does the work.
  func perform() throws(PartialConvError)
}

extension ReportingCommand {
  public func run() throws { try perform() }

  /// Parses the arguments, runs the command and exits.
  ///
  /// 0 done (and `--help`, `--version`), 2 usage, else the raw value of `PartialConvError.Kind`.
  public static func main() {
    ProcessSetup.begin()
    do {
      var command = try parseAsRoot()
      try command.run()
      try Terminal.flushResults()
    } catch let error as PartialConvError {
      Terminal.report("error: \(error.message.replacing("\n", with: "\\n"))")
      Foundation.exit(error.kind.rawValue)
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      Terminal.report(fullMessage(for: error))
      Foundation.exit(PartialConvError.Kind.usage.rawValue)
    }
  }
}
