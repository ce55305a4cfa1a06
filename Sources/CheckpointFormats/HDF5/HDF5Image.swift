import CSeccomp
import FileAccess
import Glibc

/// A copy of a file in memory, passed to the child as a descriptor.
///
/// The copy is never mapped here: its pages do not count as memory of this process.
struct HDF5Image: ~Copyable {
  /// The memory file, closed on `exec` unless passed on.
  let descriptor: CInt
  /// Size of the file.
  let byteCount: Int
  /// Name of the file, for errors.
  let file: String

  /// `MFD_CLOEXEC` of `<linux/memfd.h>`.
  private static let closeOnExec: CUnsignedInt = 1

  /// Copies the file, after a look at its first bytes.
  ///
  /// - Throws: `notThisFormat`, `unsupported` for a file with a user block, `truncated` when the
  ///   file is shorter than its superblock says, `limitExceeded`, `unreadable`.
  static func copy(of source: FileBytes) throws(CheckpointError) -> HDF5Image {
    try checkSignature(source)
    guard source.count <= HDF5Limits.fileBytes else {
      throw CheckpointError(
        .limitExceeded, "is \(source.count) bytes; at most \(HDF5Limits.fileBytes) are read",
        file: source.name)
    }
    let descriptor = unsafe memfd_create("hdf5", closeOnExec)
    guard descriptor >= 0 else { throw failure("make a memory file", source) }
    let image = HDF5Image(descriptor: descriptor, byteCount: source.count, file: source.name)
    let part = 1 << 20
    for offset in stride(from: 0, to: source.count, by: part) {
      let bytes = try source.bytes(at: offset, count: min(part, source.count - offset))
      guard unsafe writeWhole(bytes.span.bytes, to: descriptor) else {
        throw failure("copy the file", source)
      }
    }
    return image
  }

  private init(descriptor: CInt, byteCount: Int, file: String) {
    self.descriptor = descriptor
    self.byteCount = byteCount
    self.file = file
  }

  deinit { close(descriptor) }

  private static func failure(_ what: String, _ source: FileBytes) -> CheckpointError {
    CheckpointError(
      .unreadable, "the HDF5 reader could not \(what): \(systemMessage())", file: source.name)
  }

  /// Looks for the signature, and compares the size with the end address in the superblock.
  ///
  /// Version 0 and 1 store base, free-space and end address after 24 or 28 bytes; later versions
  /// store base, extension and end address after 12. Only files with 8-byte addresses are compared.
  private static func checkSignature(_ source: FileBytes) throws(CheckpointError) {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    let start = try source.bytes(at: 0, count: min(64, source.count))
    guard start.starts(with: signature) else {
      var offset = 512
      while offset <= source.count - signature.count {
        guard try source.bytes(at: offset, count: signature.count) != signature else {
          throw CheckpointError(
            .unsupported, "starts with a user block of \(offset) bytes", file: source.name,
            remedy: "remove it with `h5unjam`")
        }
        offset *= 2
      }
      throw CheckpointError(.notThisFormat, "is not an HDF5 file", file: source.name)
    }
    guard start.count >= 64 else {
      throw CheckpointError(
        .truncated, "ends inside the HDF5 header", file: source.name,
        remedy: "download the file again: it is not complete")
    }
    let version = start[8]
    guard let addresses = [0: 24, 1: 28, 2: 12, 3: 12][version], version > 1 || start[13] == 8,
      version < 2 || start[9] == 8
    else { return }
    var reader = ByteReader(start, file: source.name, offset: addresses + 16)
    let end = try reader.integer(UInt64.self)
    guard end <= source.count else {
      throw CheckpointError(
        .truncated, "holds \(source.count) of the \(end) bytes it declares", file: source.name,
        remedy: "download the file again: it is not complete")
    }
  }
}
