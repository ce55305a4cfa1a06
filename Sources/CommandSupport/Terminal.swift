import FileAccess
import Foundation
public import PartialConv

/// Results on stdout, and talk for people on stderr.
public enum Terminal {
  /// Whether a person watches stderr.
  public static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

  /// Prints a line on stderr.
  public static func report(_ text: String) { talk(text.escapingControls + "\n") }

  /// Writes to stderr; what it does not take is lost.
  static func talk(_ text: String) {
    _ = unsafe writeWhole(Array(text.utf8).span.bytes, to: STDERR_FILENO)
  }

  /// Prints results as lines on stdout.
  public static func show(_ text: String) { print(text.escapingControls) }

  /// What stands for stdout where the name of a file could be given.
  public static let standardOutput = "-"

  /// Writes a text to a file, as `TextFile` does, or prints it where `path` is `standardOutput`.
  public static func write(_ text: String, to path: String) throws(PartialConvError) {
    guard path == standardOutput else { return try TextFile.write(text, to: path) }
    print(text.escapingControls, terminator: "")
  }

  /// Prints a JSON object on stdout, keys sorted.
  public static func printJSON(_ object: some Encodable) { print(json(object), terminator: "") }

  /// A JSON object as text, keys sorted, with a line break at its end.
  public static func json(_ object: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
  }
}

extension String {
  /// The text with control characters other than line breaks and tabs as `\u{1B}`: names that come
  /// from files must not steer a terminal.
  var escapingControls: String {
    unicodeScalars.reduce(into: "") { result, scalar in
      if scalar.properties.generalCategory == .control, scalar != "\n", scalar != "\t" {
        result += scalar.escaped(asASCII: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
}
