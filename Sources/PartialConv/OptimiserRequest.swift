import GraphPasses

/// Which passes a conversion runs.
public struct OptimiserRequest: Sendable {
  /// Names of passes in the order to run them; nil for the standard pipeline.
  public var passes: [String]?
  /// Names of passes to leave out.
  public var omitted: Set<String>
  /// How many rewrites to make in all; nil for all of them.
  public var stopAfter: Int?

  public init(passes: [String]? = nil, omitted: Set<String> = [], stopAfter: Int? = nil) {
    self.passes = passes
    self.omitted = omitted
    self.stopAfter = stopAfter
  }

  /// - Throws: `PartialConvError` of kind `usage` for a name that no pass has.
  func pipeline() throws(PartialConvError) -> PassPipeline {
    var chosen = PassPipeline.standard.passes
    if let passes {
      chosen = []
      for name in passes { chosen.append(try Self.pass(name)) }
    }
    for name in omitted where !PassRegistry.narrowing.contains(name) { _ = try Self.pass(name) }
    return withoutOmitted(PassPipeline(chosen))
  }

  /// The passes of `pipeline` that are not left out.
  func withoutOmitted(_ pipeline: PassPipeline) -> PassPipeline {
    PassPipeline(pipeline.passes.filter { !omitted.contains($0.name) })
  }

  static func pass(_ name: String) throws(PartialConvError) -> GraphPass {
    guard let pass = PassRegistry.pass(named: name) else {
      let names = PassRegistry.all.map(\.name).joined(separator: ", ")
      throw PartialConvError(.usage, "no pass is called '\(name)'; there are \(names)")
    }
    return pass
  }
}
