import CommandSupport
import PartialConv

/// The times of repeated runs.
struct BenchmarkReport: Encodable {
  let schema = 1
  let runs: Int
  let threads: Int
  let median: Double
  let minimum: Double
  let maximum: Double

  init(_ seconds: [Double], _ session: ModelSession) {
    let sorted = seconds.sorted()
    let middle = sorted.count / 2
    runs = sorted.count
    threads = session.threadCount
    median =
      sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    minimum = sorted[0]
    maximum = sorted[sorted.count - 1]
  }

  func print(json: Bool, quiet: Bool) {
    if json {
      Terminal.printJSON(self)
    } else if quiet {
      Swift.print(median)
    } else {
      Swift.print("median \(median) s of \(runs) runs (\(minimum) to \(maximum)), \(threads) threads")
    }
  }
}
