/// Every pass, by name.
public enum PassRegistry {
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
