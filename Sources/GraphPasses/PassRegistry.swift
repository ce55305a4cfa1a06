/// Every pass, by name.
public enum PassRegistry {
  /// The names of the passes that narrow, which run after the others when narrowing is asked for.
  public static let narrowing = [
    "fuse-narrow", "narrow-to-bf16", "narrow-to-int8", "narrow-weights", "unify-convolutions",
  ]

  public static let all: [GraphPass] = [
    absorbUpsampling,
    collapseMasks,
    foldBatchNorm,
    fuseActivation,
    fusePartialConvolution,
    mergeCommonSubexpressions,
  ]

  public static func pass(named name: String) -> GraphPass? { all.first { $0.name == name } }
}
