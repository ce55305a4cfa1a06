import InferenceRuntime
import KernelLibrary
import PeakLoops

extension PeakRate {
  /// The rate of the instruction alone, on registers; nil where there is no loop for the row's set.
  static func ofInstruction(_ kernel: TileKernel, threads: Int) -> Double? {
    guard unsafe peak_loop_run(kernel.instructionSet, 1) > 0 else { return nil }
    let isa = kernel.instructionSet
    return best(threads) { _ in unsafe peak_loop_run(isa, 2_000_000) }
  }
}
