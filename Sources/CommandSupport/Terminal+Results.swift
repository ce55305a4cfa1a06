@unsafe @preconcurrency import Glibc
import PartialConv

extension Terminal {
  /// Makes sure that all results have left through stdout; a reader that has gone does not want them.
  ///
  /// - Throws: `PartialConvError` of kind `unreadable` when some could not be written.
  static func flushResults() throws(PartialConvError) {
    guard unsafe fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
    var reader = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    let hasGone = unsafe poll(&reader, 1, 0) == 1 && Int32(reader.revents) & POLLERR != 0
    guard !hasGone else { return }
    throw PartialConvError(
      .unreadable, "stdout: the results cannot be written — free some space or write them elsewhere"
    )
  }
}
