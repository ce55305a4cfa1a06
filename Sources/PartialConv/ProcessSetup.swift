import CheckpointFormats
import FileAccess
import Glibc
import TensorCore

/// What every program that converts checkpoints does first.
public enum ProcessSetup {
  /// Serves as the contained reader of HDF5 files when this process was started for that, and then
  /// does not return; else lets writing to full files and closed pipes fail with an error, and a lack
  /// of memory end the process with a line on stderr and the exit code of `unreadable`.
  ///
  /// A program that does not call this finds the reader in a `pconv-convert` beside it.
  public static func begin() {
    HDF5Sandbox.runIfRequested()
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGXFSZ, SIG_IGN)
    MemoryExhaustion.respond { byteCount in
      let line =
        "error: the system has no memory for \(byteCount) bytes: free some or give smaller inputs\n"
      _ = unsafe writeWhole(Array(line.utf8).span.bytes, to: STDERR_FILENO)
      _exit(PartialConvError.Kind.unreadable.rawValue)
    }
  }
}
