import GraphIR
import GraphPasses

/// The passes that narrow, for a plan in which the names of layers say how they compute: `int8_1`
/// to `int8_3` and `bf16_1`, `bf16_2`; all other weights but those of `wide` are stored in 8 bits.
enum NarrowingPasses {
  static let all: [GraphPass] =
    PassPipeline.narrowingPreparation.passes.filter { $0.name == "unify-convolutions" }
    + PassPipeline.narrowing(plan).passes

  private static let plan: NarrowingPlan = {
    var plan = NarrowingPlan(requested: .int8, storedWeights: .int8, wideWeights: ["wide"])
    for name in ["int8_1", "int8_2", "int8_3"] { plan.layers[name] = .int8 }
    for name in ["bf16_1", "bf16_2"] { plan.layers[name] = .bfloat16 }
    plan.quantizations["x"] = try? Quantization(scale: 2 / 255, zeroPoint: 128)
    plan.corrections["int8_1"] = [Float](repeating: 0.001, count: 8)
    return plan
  }()
}
