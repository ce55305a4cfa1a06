import CCrypto
import FileAccess

/// A SHA-256 digest: 32 bytes, shown as 64 hexadecimal digits.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// Size in bytes.
  package static let byteCount = 32

  /// The digest's bytes, 32 of them.
  package let bytes: [UInt8]

  /// Wraps a stored digest; nil when `bytes` are not 32.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// The digest of `data`.
  package init(of data: RawSpan) {
    let hasher = SHA256Hasher()
    hasher.update(data)
    self = hasher.finalize()
  }

  /// The digest of the regular file at `path`, read in pieces of 1 MiB.
  ///
  /// - Throws: `.unreadable`, or `.truncated` when the file is empty or becomes shorter meanwhile.
  package init(ofFile path: String) throws(ModelFileError) {
    self = try ModelFileError.reporting { () throws(FileAccessError) in
      try SHA256Digest(of: InputFile(path: path))
    }
  }

  /// The digest of a whole file.
  init(of file: InputFile) throws(FileAccessError) {
    let hasher = SHA256Hasher()
    for offset in stride(from: 0, to: file.byteCount, by: 1 << 20) {
      let piece = try file.bytes(at: offset, count: min(1 << 20, file.byteCount - offset))
      unsafe hasher.update(piece.span.bytes)
    }
    self = hasher.finalize()
  }

  fileprivate init(finished bytes: [UInt8]) { self.bytes = bytes }

  /// 64 lowercase hexadecimal digits.
  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// Computes a digest piece by piece.
///
/// Safety: `context` is made and freed here, never handed out, and used by one thread, since the
/// class is not `Sendable`.
@safe
final class SHA256Hasher {
  private let context: OpaquePointer

  init() {
    guard let context = unsafe EVP_MD_CTX_new(),
      unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    else {
      preconditionFailure("libcrypto has no SHA-256 or no memory for it")
    }
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Appends `data` to the bytes hashed so far.
  func update(_ data: RawSpan) {
    unsafe data.withUnsafeBytes { bytes in
      let status = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      precondition(status == 1, "libcrypto refuses to continue a SHA-256")
    }
  }

  /// The digest of all bytes; the hasher is used up.
  func finalize() -> SHA256Digest {
    var digest = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    let status = unsafe EVP_DigestFinal_ex(context, &digest, nil)
    precondition(status == 1, "libcrypto refuses to finish a SHA-256")
    return SHA256Digest(finished: digest)
  }
}
