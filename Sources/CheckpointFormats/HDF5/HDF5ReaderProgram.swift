import Glibc

/// Finds the program that serves as the child.
enum HDF5ReaderProgram {
  /// The path of a program that calls `HDF5Sandbox.runIfRequested` first.
  ///
  /// - Throws: `missing` when there is none: the library is never run in this process instead.
  static func find(_ override: String?) throws(CheckpointError) -> String {
    if let override { return override }
    if HDF5Sandbox.isRegistered { return "/proc/self/exe" }
    if let sibling = siblingPath(), unsafe access(sibling, X_OK) == 0 { return sibling }
    throw CheckpointError(
      .missing, "HDF5 files are read by a separate process, and its program was not found",
      remedy: "call HDF5Sandbox.runIfRequested first in the program, or name one that does")
  }

  /// `pconv-convert` beside the running program, which under `swift test` is the test bundle.
  private static func siblingPath() -> String? {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &path, path.count)
    guard count > 0, count < path.count else { return nil }
    let bytes = path.prefix(count).map(UInt8.init(bitPattern:))
    let components = String(decoding: bytes, as: UTF8.self).split(
      separator: "/", omittingEmptySubsequences: false)
    return (components.dropLast() + ["pconv-convert"]).joined(separator: "/")
  }
}
