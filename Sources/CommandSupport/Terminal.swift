import FileAccess
import Foundation

/// Talk for people, on stderr, so that stdout holds results alone.
public enum Terminal {
  /// Whether a person watches stderr.
  public static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

  /// Prints a line on stderr.
  public static func report(_ text: String) { talk(text + "\n") }

  /// Writes to stderr; what it does not take is lost.
  static func talk(_ text: String) {
    _ = unsafe writeWhole(Array(text.utf8).span.bytes, to: STDERR_FILENO)
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
