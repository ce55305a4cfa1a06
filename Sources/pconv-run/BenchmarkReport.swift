import CommandSupport
import Foundation
import InferenceRuntime
import PartialConv

/// The times of repeated runs, and what they ran on.
struct BenchmarkReport: Encodable {
  let schema = 1
  let runs: Int
  let threads: Int
  let tier: String
  let instructionSet: String
  /// Seconds.
  let median: Double
  let p90: Double
  let p99: Double
  let minimum: Double
  let maximum: Double
  /// Most memory that the process held at once, in bytes.
  let peakMemory: Int
  /// Weights in the order that kernels read, in bytes.
  let packedWeights: Int
  /// Values between layers and scratch space, in bytes.
  let arena: Int
  /// Seconds from the start of loading the model until its first run started; reading the inputs
  /// does not count.
  let loadTime: Double
  /// Processes that wanted to run in the last minute; far above `threads` the times mean little.
  let systemLoad: Double

  init(_ seconds: [Double], _ session: ModelSession) {
    let sorted = seconds.sorted()
    let percentile = { (share: Double) in
      sorted[min(Int((Double(sorted.count) * share).rounded(.up)) - 1, sorted.count - 1)]
    }
    let middle = sorted.count / 2
    runs = sorted.count
    threads = session.threadCount
    tier = session.model.tier.rawValue
    instructionSet = session.model.instructionSet
    median =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    p90 = percentile(0.9)
    p99 = percentile(0.99)
    minimum = sorted[0]
    maximum = sorted[sorted.count - 1]
    peakMemory = ProcessUsage.peakMemoryByteCount
    packedWeights = session.memoryReport.packedWeightByteCount
    arena = session.memoryReport.arenaByteCount
    loadTime = session.preparationSeconds
    systemLoad = ProcessUsage.loadAverage
  }

  func print(json: Bool, quiet: Bool) {
    if json {
      Terminal.printJSON(self)
    } else if quiet {
      Terminal.show("\(median)")
    } else {
      let mega = { (bytes: Int) in "\((Double(bytes) / 1e6).rounded()) MB" }
      Terminal.show(
        """
        median \(median) s of \(runs) runs (\(minimum) to \(maximum); p90 \(p90), p99 \(p99))
        \(threads) threads, \(instructionSet), \(tier); system load \(systemLoad)
        load until the first run \(loadTime) s
        peak memory \(mega(peakMemory)): packed weights \(mega(packedWeights)), arena \(mega(arena))
        """)
    }
  }
}
