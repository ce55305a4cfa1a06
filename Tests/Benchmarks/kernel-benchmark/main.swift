import InferenceRuntime
import KernelLibrary
import TensorCore

/// Prints milliseconds, multiply-adds per second of processor time and share of the measured peak
/// of every layer of the partial-convolution U-Net, best of several runs.
///
/// Arguments: rows and columns of the picture (512), threads (all), runs (5).
let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let size = arguments.first ?? 512
let session: Session
let (graph, inputs) = try PartialUNet.make(size: size)
let model = CompiledModel(graph)
session = model.makeSession(threads: arguments.count > 1 ? arguments[1] : nil)
let runs = arguments.count > 2 ? arguments[2] : 5

/// Prints one line of the report.
func report(_ label: String, seconds: Double, processorSeconds: Double, multiplyAdds: Int) {
  func column(_ value: Double, _ width: Int) -> String {
    let text = "\((value * 10).rounded() / 10)"
    return String(repeating: " ", count: max(width - text.count, 0)) + text
  }
  let rate = Double(multiplyAdds) / processorSeconds / 1e9
  print(
    column(seconds * 1e3, 8), "ms", column(processorSeconds * 1e3, 8), "ms of processor",
    column(rate, 6), "GMAC/s", column(rate / peak * 100, 6), "%  ", label)
}

let peak = PeakRate.measured(threads: session.threadCount)
var best = try session.profile(inputs)
for _ in 1..<max(runs, 2) {
  for (index, step) in try session.profile(inputs).enumerated()
  where step.processorSeconds < best[index].processorSeconds { best[index] = step }
}

print("\(model.kernels) kernels, \(session.threadCount) threads, peak \(peak) GMAC/s per thread")
for step in best {
  report(
    step.label, seconds: step.seconds, processorSeconds: step.processorSeconds,
    multiplyAdds: step.multiplyAdds)
}
report(
  "sum", seconds: best.reduce(0) { $0 + $1.seconds },
  processorSeconds: best.reduce(0) { $0 + $1.processorSeconds },
  multiplyAdds: best.reduce(0) { $0 + $1.multiplyAdds })
let clock = ContinuousClock()
let whole = try (0..<runs).map { _ in try clock.measure { _ = try session.run(inputs) } }.min()
print("whole run \(whole ?? .zero), memory \(session.memoryReport)")
