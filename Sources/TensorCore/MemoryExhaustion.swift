import Synchronization

/// What becomes of a process whose system has no memory that it cannot do without.
package enum MemoryExhaustion {
  private static let response = Mutex<(@Sendable (_ byteCount: Int) -> Never)?>(nil)

  /// Has `body` end the process; without it, the process traps.
  package static func respond(_ body: @escaping @Sendable (_ byteCount: Int) -> Never) {
    response.withLock { $0 = body }
  }

  static func end(_ byteCount: Int) -> Never {
    if let response = response.withLock(\.self) { response(byteCount) }
    preconditionFailure("the system has no memory for \(byteCount) bytes")
  }
}
