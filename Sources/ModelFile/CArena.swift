import Glibc

/// Owns the C memory that a protobuf-c message points into while it is encoded.
///
/// Safety: every block is allocated and zeroed here and freed by `deinit` alone, once; the encoder,
/// which holds the arena longer than any pointer it was given, is the only user.
@safe
final class CArena {
  private var blocks: [UnsafeMutableRawPointer] = unsafe []

  deinit {
    while let block = unsafe blocks.popLast() { unsafe free(block) }
  }

  /// One message that `initialize` gives its defaults.
  @unsafe func message<Message>(
    _ initialize: (UnsafeMutablePointer<Message>?) -> Void
  ) -> UnsafeMutablePointer<Message> {
    let message = unsafe allocate(Message.self, count: 1)
    unsafe initialize(message)
    return unsafe message
  }

  /// A copy of `values`; nil when there are none.
  @unsafe func array<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element>? {
    guard !values.isEmpty else { return nil }
    let copy = unsafe allocate(Element.self, count: values.count)
    unsafe copy.initialize(from: values, count: values.count)
    return unsafe copy
  }

  /// A NUL-terminated copy of `text`.
  @unsafe func string(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = text.utf8CString
    let copy = unsafe allocate(CChar.self, count: bytes.count)
    for index in bytes.indices { unsafe copy[index] = bytes[index] }
    return unsafe copy
  }

  private func allocate<Element>(
    _: Element.Type, count: Int
  ) -> UnsafeMutablePointer<Element> {
    guard let block = unsafe calloc(count, MemoryLayout<Element>.stride) else {
      preconditionFailure("no memory for a manifest of at most a few megabytes")
    }
    unsafe blocks.append(block)
    return unsafe block.bindMemory(to: Element.self, capacity: count)
  }
}
