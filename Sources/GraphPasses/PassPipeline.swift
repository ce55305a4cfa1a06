public import GraphIR

/// A pass that left a graph in a state that does not verify: a bug in the pass.
public struct PassError: Error, Sendable, CustomStringConvertible {
  public let pass: String
  public let message: String

  public var description: String { "pass '\(pass)' broke the graph: \(message)" }
}

/// Runs passes in order and verifies after each, in every build.
public struct PassPipeline: Sendable {
  public let passes: [GraphPass]

  public init(_ passes: [GraphPass]) { self.passes = passes }

  /// The passes that every converted model goes through.
  public static let standard = PassPipeline([
    collapseMasks,
    mergeCommonSubexpressions,
    fusePartialConvolution,
    absorbUpsampling,
    foldBatchNorm,
    fuseActivation,
    mergeCommonSubexpressions,
  ])

  /// - Parameter stopAfter: how many rewrites to make in all; the later ones are left out.
  /// - Throws: `PassError` naming the pass and the faults it caused.
  public func run(
    _ graph: VerifiedGraph, stopAfter: Int = .max
  ) throws(PassError) -> (graph: VerifiedGraph, records: [PassRecord]) {
    var graph = graph
    var records: [PassRecord] = []
    for pass in passes {
      let done = records.reduce(0) { $0 + $1.rewrites.count }
      var context = PassContext(graph.graph, rewriteLimit: stopAfter - done)
      do throws(GraphError) {
        try pass.run(&context)
      } catch {
        throw PassError(pass: pass.name, message: "\(error)")
      }
      context.removeDeadNodes()
      do throws(VerificationError) {
        graph = try VerifiedGraph(context.graph)
      } catch {
        throw PassError(pass: pass.name, message: "\(error)")
      }
      records.append(
        PassRecord(
          name: pass.name, exactness: pass.exactness, precondition: pass.precondition,
          rewrites: context.rewrites, kept: context.kept, graph: graph))
    }
    return (graph, records)
  }
}
