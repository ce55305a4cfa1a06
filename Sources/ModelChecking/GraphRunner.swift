package import GraphIR
import GraphReference
package import InferenceRuntime
package import KernelLibrary
package import TensorCore

/// One way of computing a graph's outputs.
package struct GraphRunner {
  /// What reports call it.
  package let name: String
  private let compute: ([String: Tensor]) throws(CheckError) -> [(name: String, tensor: Tensor)]

  /// The optimised runtime.
  package static func runtime(
    _ graph: VerifiedGraph, threads: Int? = nil, kernels: KernelTable = .preferred,
    tier: NumericTier = .near
  ) -> GraphRunner {
    let model = CompiledModel(graph, kernels: kernels, tier: tier)
    let session = model.makeSession(threads: threads)
    let name = "\(kernels.instructionSet), \(tier), \(session.threadCount) threads"
    return GraphRunner(name: name) { inputs throws(CheckError) in
      do throws(RuntimeError) {
        return try session.run(inputs)
      } catch {
        throw CheckError(.mismatch, error.message)
      }
    }
  }

  /// The scalar meaning of the operations.
  package static func interpreter(_ graph: VerifiedGraph) -> GraphRunner {
    let interpreter = Interpreter(graph)
    return GraphRunner(name: "interpreter") { inputs throws(CheckError) in
      do throws(GraphError) {
        return try interpreter.run(inputs)
      } catch {
        throw CheckError(.mismatch, error.message)
      }
    }
  }

  package func run(
    _ inputs: [String: Tensor]
  ) throws(CheckError) -> [(name: String, tensor: Tensor)] { try compute(inputs) }
}
