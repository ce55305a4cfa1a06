import Synchronization

/// Threads that share the pieces of one job after another. The calling thread takes part.
///
/// Pieces are handed out one by one, and a job ends with its last piece, whether or not every
/// thread has noticed it, so a thread that the system holds up delays only the piece it holds. Idle
/// threads spin briefly and then sleep. One thread at a time may call `run`.
package final class ThreadPool: Sendable {
  /// What `run` hands to the threads.
  private struct Job: Sendable {
    var generation: UInt32 = 0
    var pieceCount = 0
    var isStopping = false
    var body: @Sendable (Int, Int) -> Void = { _, _ in }
  }

  private final class Shared: Sendable {
    let lock = PthreadLock()
    let job = Mutex(Job())
    /// The generation of the job in the upper half, the next piece in the lower: a thread that is
    /// late for a job can then never take a piece of the following one.
    let ticket = Atomic<UInt64>(0)
    let finishedPieces = Atomic<Int>(0)

    var generation: UInt32 { UInt32(ticket.load(ordering: .acquiring) >> 32) }

    func start(_ job: Job) {
      self.job.withLock { $0 = job }
      finishedPieces.store(0, ordering: .relaxed)
      ticket.store(UInt64(job.generation) << 32, ordering: .releasing)
      lock.wakeAll()
    }

    func takePieces(of job: Job, worker: Int) {
      while let piece = nextPiece(of: job) {
        job.body(piece, worker)
        let finished = finishedPieces.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
        if finished == job.pieceCount { lock.wakeAll() }
      }
    }

    private func nextPiece(of job: Job) -> Int? {
      var current = ticket.load(ordering: .acquiring)
      while current >> 32 == job.generation {
        let piece = Int(current & 0xFFFF_FFFF)
        guard piece < job.pieceCount else { return nil }
        let result = ticket.weakCompareExchange(
          expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
        if result.exchanged { return piece }
        current = result.original
      }
      return nil
    }

    func work(as worker: Int) {
      var seen: UInt32 = 0
      while true {
        lock.wait { generation != seen }
        let job = job.withLock { $0 }
        seen = job.generation
        if job.isStopping { return }
        takePieces(of: job, worker: worker)
      }
    }
  }

  /// More threads than this are never started.
  private static let maximumThreadCount = 1024

  /// Threads that run pieces, the calling one included.
  package let threadCount: Int
  private let shared = Shared()
  private let threads: [WorkerThread]
  private let generation = Atomic<UInt32>(0)

  /// Starts `threadCount - 1` threads; fewer when the system refuses one.
  package init(threadCount: Int) {
    precondition(threadCount >= 1, "a pool has at least the calling thread")
    var threads: [WorkerThread] = []
    let shared = shared
    for worker in 1..<max(min(threadCount, Self.maximumThreadCount), 1) {
      guard let thread = WorkerThread(running: { shared.work(as: worker) }) else { break }
      threads.append(thread)
    }
    self.threads = threads
    self.threadCount = threads.count + 1
  }

  deinit {
    shared.start(Job(generation: nextGeneration(), isStopping: true))
    for thread in threads { thread.join() }
  }

  /// Calls `body` once with each piece in `0..<pieceCount` and the number of the thread that runs
  /// it, and returns when all are done.
  ///
  /// Which thread runs which piece varies; `body` writes only what belongs to its piece.
  package func run(
    pieceCount: Int, _ body: @escaping @Sendable (_ piece: Int, _ worker: Int) -> Void
  ) {
    precondition(pieceCount < 1 << 31, "a job has too many pieces")
    guard threadCount > 1, pieceCount > 1 else {
      for piece in 0..<pieceCount { body(piece, 0) }
      return
    }
    let job = Job(generation: nextGeneration(), pieceCount: pieceCount, body: body)
    shared.start(job)
    shared.takePieces(of: job, worker: 0)
    shared.lock.wait { shared.finishedPieces.load(ordering: .acquiring) == pieceCount }
  }

  private func nextGeneration() -> UInt32 {
    generation.wrappingAdd(1, ordering: .relaxed).newValue
  }
}
