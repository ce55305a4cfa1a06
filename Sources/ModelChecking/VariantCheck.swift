package import GraphIR
package import InferenceRuntime
package import KernelLibrary
package import TensorCore

/// Compares the optimised runtime with the scalar meaning of the same graph: no reference is
/// needed.
package enum VariantCheck {
  /// A way in which the runtime may compute one graph.
  package struct Variant: Sendable {
    package let kernels: KernelTable
    package let tier: NumericTier
    package let threads: Int
  }

  /// Each tier on each instruction set of this processor, with each number of threads.
  ///
  /// - Parameters:
  ///   - tier: nil for all of them.
  ///   - instructionSet: nil for all of them.
  package static func variants(
    threads: [Int], tier: NumericTier? = nil, instructionSet: String? = nil
  ) -> [Variant] {
    KernelTable.supported.filter { $0.instructionSet == instructionSet ?? $0.instructionSet }
      .flatMap { table in
        NumericTier.allCases.filter { $0 == tier ?? $0 }.flatMap { tier in
          threads.map { Variant(kernels: table, tier: tier, threads: $0) }
        }
      }
  }

  /// Runs `variants` on each set of inputs.
  ///
  /// Arrays are named `output (avx2, near, 2 threads, inputs 1)`. Outputs of one tier on one
  /// instruction set whose bits depend on the number of threads are a problem in the report.
  /// - Parameters:
  ///   - options: of the comparisons with the runs of a tier.
  ///   - progress: called before each run with its name.
  /// - Throws: `.mismatch` when the network does not take the inputs.
  package static func run(
    _ graph: VerifiedGraph, inputs: [[String: Tensor]], variants: [Variant], model: String,
    _ options: (NumericTier) -> OutputCheck.Options = { _ in OutputCheck.Options() },
    progress: (String) -> Void = { _ in }
  ) throws(CheckError) -> CheckReport {
    var report = CheckReport(model: model, against: "interpreter")
    let oracle = GraphRunner.interpreter(graph)
    for (number, arrays) in inputs.enumerated() {
      progress("interpreter, inputs \(number + 1)")
      let expected = try oracle.run(arrays)
      var bits: [String: Tensor] = [:]
      for variant in variants {
        let runner = GraphRunner.runtime(
          graph, threads: variant.threads, kernels: variant.kernels, tier: variant.tier)
        progress("\(runner.name), inputs \(number + 1)")
        let actual = try runner.run(arrays)
        for (output, reference) in zip(actual, expected) {
          let name = "\(output.name) (\(runner.name), inputs \(number + 1))"
          report.add(compared(name, output, reference.tensor, options(variant.tier)))
          let set = variant.kernels.instructionSet
          let key = "\(output.name) (\(set), \(variant.tier), inputs \(number + 1))"
          if let first = bits[key], first != output.tensor {
            report.add(problem: "\(key): the bits depend on the number of threads")
          }
          bits[key] = bits[key] ?? output.tensor
        }
      }
    }
    report.requireSomething()
    return report
  }

  private static func compared(
    _ name: String, _ output: (name: String, tensor: Tensor), _ expected: Tensor,
    _ options: OutputCheck.Options
  ) -> CheckReport.ArrayReport {
    let comparison = ArrayComparison(output.tensor, expected)
    var report = CheckReport.ArrayReport(
      name, shape: output.tensor.shape, comparison, options.tolerances[output.name])
    if options.keepsMaps { report.map = ErrorMap(output.tensor, expected, .nchw) }
    return report
  }
}

extension ArrayComparison {
  /// Compares two `f32` arrays of one shape.
  package init(_ actual: Tensor, _ expected: Tensor) {
    precondition(actual.shape == expected.shape, "arrays of two shapes are compared")
    self.init()
    let values = actual.floats
    let wanted = expected.floats
    for index in values.indices { add(values[index], wanted[index]) }
  }
}
