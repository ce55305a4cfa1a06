import Foundation
import InferenceRuntime
import KernelLibrary
import TensorCore

/// Prints which share of its instruction's rate every register tile reaches; then milliseconds,
/// multiply-adds per second of processor time and share of the instruction's rate of every layer of
/// the partial-convolution U-Net, best of several runs.
///
/// Arguments: rows and columns of the picture (512), threads (all), runs (5); and in any place the
/// numeric tier (near), `bf16` or `u8` for narrow numbers, and `wide-ends` for an `f32` picture with
/// them; `growth` prints the time of whole runs over several sizes instead.
let words = CommandLine.arguments.dropFirst()
let arguments = words.compactMap { Int($0) }
let tier = words.compactMap(NumericTier.init).last ?? .near
let size = arguments.first ?? 512
let numbers = Arithmetic.allCases.first { words.contains($0.pictureType.rawValue) } ?? .float32
let session: Session
let (graph, inputs) = try PartialUNet.make(
  size: size, numbers, isWideAtEnds: words.contains("wide-ends"))
let model = CompiledModel(graph, tier: tier)
let threads = arguments.count > 1 ? arguments[1] : nil
session = model.makeSession(threads: threads, retaining: .nothing)
let runs = arguments.count > 2 ? arguments[2] : 5
if words.contains("growth") {
  try SizeGrowth(numbers: numbers, tier: tier, threads: threads, runs: runs).report()
  exit(0)
}

/// Prints one line of the report.
func report(
  _ label: String, _ algorithm: String = "", seconds: Double, processorSeconds: Double,
  multiplyAdds: Int
) {
  func column(_ value: Double, _ width: Int) -> String {
    let text = "\((value * 10).rounded() / 10)"
    return String(repeating: " ", count: max(width - text.count, 0)) + text
  }
  let rate = Double(multiplyAdds) / processorSeconds / 1e9
  print(
    column(seconds * 1e3, 8), "ms", column(processorSeconds * 1e3, 8), "ms of processor",
    column(Double(multiplyAdds) / 1e6, 8), "MMAC", column(rate, 6), "GMAC/s",
    column(rate / peak * 100, 6), "%  ", label, algorithm)
}

/// Prints the rates of a kernel and returns the one to compare layers with.
@MainActor func reportPeak(_ numbers: Arithmetic) -> Double {
  let kernel = KernelTable.preferred.matrixProduct(numbers)
  let tile = PeakRate.ofTile(kernel, threads: session.threadCount)
  let instruction = PeakRate.ofInstruction(kernel, threads: session.threadCount)
  let share = instruction.map { " of \($0), \((tile / $0 * 1000).rounded() / 10) %" } ?? ""
  print("\(kernel): \(tile) GMAC/s per thread\(share)")
  return instruction ?? tile
}

for other in Arithmetic.allCases where other != numbers { _ = reportPeak(other) }
let peak = reportPeak(numbers)
_ = try session.run(inputs)
var best = try session.profile(inputs)
for _ in 1..<max(runs, 2) {
  for (index, step) in try session.profile(inputs).enumerated()
  where step.processorSeconds < best[index].processorSeconds { best[index] = step }
}

print("\(model.kernels) kernels, \(tier), \(session.threadCount) threads")
for step in best {
  report(
    step.label, step.algorithm, seconds: step.seconds, processorSeconds: step.processorSeconds,
    multiplyAdds: step.multiplyAdds)
}
report(
  "sum", seconds: best.reduce(0) { $0 + $1.seconds },
  processorSeconds: best.reduce(0) { $0 + $1.processorSeconds },
  multiplyAdds: best.reduce(0) { $0 + $1.multiplyAdds })
let clock = ContinuousClock()
let whole = try (0..<runs).map { _ in try clock.measure { _ = try session.run(inputs) } }.min()
print("whole run \(whole ?? .zero), memory \(session.memoryReport)")
