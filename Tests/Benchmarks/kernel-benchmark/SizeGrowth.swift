import InferenceRuntime
import KernelLibrary
import TensorCore

/// How the time of a run grows with the picture: beyond the pixels' share, caches run over; below,
/// weights are what costs.
struct SizeGrowth {
  private static let sizes = [256, 512, 1024]

  let numbers: Arithmetic
  let tier: NumericTier
  let threads: Int?
  let runs: Int

  /// Prints the best time of every size, and its growth over the size before as a share of the
  /// pixels' growth.
  func report() throws {
    var sessions: [(size: Int, session: Session, inputs: [String: Tensor])] = []
    for size in Self.sizes {
      let (graph, inputs) = try PartialUNet.make(size: size, numbers, isWideAtEnds: false)
      let session = CompiledModel(graph, tier: tier)
        .makeSession(threads: threads, retaining: .nothing)
      _ = try session.run(inputs)
      sessions.append((size, session, inputs))
    }
    var best = sessions.map { _ in Duration.seconds(3600) }
    for _ in 0..<runs {
      for (index, entry) in sessions.enumerated() {
        let time = try ContinuousClock().measure { _ = try entry.session.run(entry.inputs) }
        best[index] = min(best[index], time)
      }
    }
    for (index, entry) in sessions.enumerated() {
      let growth = index == 0 ? nil : best[index] / best[index - 1] / 4
      print(
        "\(entry.size)x\(entry.size): \(best[index])"
          + (growth.map { ", \(($0 * 100).rounded() / 100) of the pixels' growth" } ?? ""))
    }
  }
}
