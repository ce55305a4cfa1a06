@unsafe @preconcurrency import Glibc
import PartialConv

extension Terminal {
  /// Makes sure that all results have left through stdout; a reader that has gone does not want them.
  ///
  /// - Throws: `PartialConvError` of kind `unreadable` when some could not be written.
  static func flushResults() throws(PartialConvError) {
    guard unsafe fflush(stdout) != 0 || ferror(stdout) != 0, errno != EPIPE else { return }
    throw PartialConvError(
      .unreadable, "stdout: the results cannot be written — free some space or write them elsewhere"
    )
  }
}
