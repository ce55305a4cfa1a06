public import GraphIR

/// How a pass may change the numbers a graph computes.
public enum PassExactness: String, Sendable {
  /// Every output keeps its bits.
  case exact
  /// Bits are kept where the masks are whole numbers; fractions may round otherwise.
  case exactForIntegers = "exact in integers"
  /// Sums and products are taken in another order.
  case reassociates
  /// Numbers are stored with fewer bits.
  case narrows
}

/// A rewrite of graphs: one file, and one line in `PassRegistry.all`.
public struct GraphPass: Sendable {
  /// The name in the text form of pipelines, an imperative verb phrase.
  public let name: String
  public let exactness: PassExactness
  /// What must hold for the rewrite to be sound, for reports.
  public let precondition: String
  let run: @Sendable (inout PassContext) throws(GraphError) -> Void

  init(
    _ name: String, _ exactness: PassExactness, precondition: String = "none",
    run: @escaping @Sendable (inout PassContext) throws(GraphError) -> Void
  ) {
    self.name = name
    self.exactness = exactness
    self.precondition = precondition
    self.run = run
  }
}

/// What a pass did, and the graph it left.
public struct PassRecord: Sendable {
  public let name: String
  public let exactness: PassExactness
  public let precondition: String
  /// One line for each rewrite: what was replaced, and the layer it belongs to.
  public let rewrites: [String]
  /// One line for each layer that the pass was asked to change and left: which, and why.
  public let kept: [String]
  public let graph: VerifiedGraph
}
