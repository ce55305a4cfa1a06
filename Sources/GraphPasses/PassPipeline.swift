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

  /// - Throws: `PassError` naming the pass and the faults it caused.
  public func run(
    _ graph: VerifiedGraph
  ) throws(PassError) -> (graph: VerifiedGraph, records: [PassRecord]) {
    var graph = graph
    var records: [PassRecord] = []
    for pass in passes {
      var context = PassContext(graph.graph)
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
        PassRecord(name: pass.name, exactness: pass.exactness, rewrites: context.rewrites))
    }
    return (graph, records)
  }
}
