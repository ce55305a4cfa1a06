public import ArgumentParser
public import InferenceRuntime
public import PartialConv

/// The option of every command that runs a model: how far rounding may go for speed.
public struct TierOption: ParsableArguments {
  @Option(
    name: .customLong("tier"),
    help: """
      How far rounding may go for speed: exact (as direct sums round; within 1e-5 of the \
      framework), near (within 2e-5) or fast (within 1e-4); default: near.
      """)
  public var chosenTier: NumericTier?

  @Option(
    help: "The instruction set of the kernels: avx512, avx2, neon or scalar; default: the best.")
  public var isa: String?

  public init() {}

  /// The tier to run.
  public var tier: NumericTier { chosenTier ?? .near }

  /// Makes models that are loaded from now on run on what `--isa` names.
  public func selectInstructionSet() throws(PartialConvError) {
    if let isa { try Model.selectInstructionSet(isa) }
  }
}

extension NumericTier: ExpressibleByArgument {}
