import KernelLibrary

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A lock and a condition to sleep on.
///
/// Safety: both objects are made and destroyed here, never move, and are what pthreads make safe to
/// share.
@safe
final class PthreadLock: @unchecked Sendable {
  /// Polls before a thread sleeps: some tens of microseconds.
  private static let spinCount = 4000

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Returns once `isReady`, whose change is followed by `wakeAll`.
  func wait(until isReady: () -> Bool) {
    for _ in 0..<Self.spinCount {
      if isReady() { return }
      Processor.pause()
    }
    unsafe pthread_mutex_lock(mutex)
    while !isReady() { unsafe pthread_cond_wait(condition, mutex) }
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Wakes every thread in `wait`. Taking the lock closes the gap between their check and their
  /// sleep.
  func wakeAll() {
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_cond_broadcast(condition)
    unsafe pthread_mutex_unlock(mutex)
  }
}

/// A thread of the operating system, to be joined.
///
/// Safety: the identifier is written once, before the object is shared.
@safe
final class WorkerThread: @unchecked Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let identifier: pthread_t

  /// Starts a thread that calls `body`; nil when the system refuses.
  init?(running body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(Body(body))
    var identifier = pthread_t()
    let failure = unsafe pthread_create(
      &identifier, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    guard failure == 0 else {
      unsafe box.release()
      return nil
    }
    self.identifier = identifier
  }

  func join() { pthread_join(identifier, nil) }
}
