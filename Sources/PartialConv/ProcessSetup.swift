import CheckpointFormats
import Glibc

/// What every program that converts checkpoints does first.
public enum ProcessSetup {
  /// Serves as the contained reader of HDF5 files when this process was started for that, and then
  /// does not return; else lets writing to full files and closed pipes fail with an error.
  ///
  /// A program that does not call this finds the reader in a `pconv-convert` beside it.
  public static func begin() {
    HDF5Sandbox.runIfRequested()
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGXFSZ, SIG_IGN)
  }
}
