import InferenceRuntime
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func `runs every piece once`(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    for count in [0, 1, 2, 7, 1000] {
      let seen = Mutex([Int](repeating: 0, count: count))
      pool.run(pieceCount: count) { piece, worker in
        #expect(worker >= 0 && worker < threads)
        seen.withLock { $0[piece] += 1 }
      }
      #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  @Test func `survives many short jobs`() {
    let pool = ThreadPool(threadCount: 4)
    let sum = Atomic<Int>(0)
    for _ in 0..<5000 {
      pool.run(pieceCount: 8) { piece, _ in sum.wrappingAdd(piece, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 5000 * 28)
  }

  @Test func `finds at least one processor`() {
    #expect(ProcessorCount.available >= 1)
  }
}
