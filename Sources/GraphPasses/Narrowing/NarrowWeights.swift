import GraphIR
import TensorCore

/// Stores the weights of layers that compute in `f32` with fewer bits.
///
/// Given
/// ```text
/// %2 = partial_conv %x, %m, %w {…}                 %w : f32[64,3,7,7]
/// ```
/// the result is, for `int8`,
/// ```text
/// %2 = partial_conv %x, %m, %q, %s {scale=1, …}    %q : i8[64,3,7,7], %s : f32[64]
/// ```
/// with `w ≈ q ⊙ s` by output channel; s is multiplied into a scale that is there already. For
/// `bf16` the weights are rounded and there is no scale. The sums stay sums of `f32` numbers, so
/// only the rounding of the weights shows.
func narrowWeights(_ plan: NarrowingPlan) -> GraphPass {
  GraphPass("narrow-weights", .narrows, precondition: "as many bits as asked for") {
    context throws(GraphError) in
    for layer in NarrowLayers(context.graph).all {
      guard let precision = plan.weights(of: layer.name), precision != .float32 else { continue }
      guard !layer.isImpossible else {
        context.keep("'\(layer.name)' stays f32: \(layer.reasonToKeep ?? "")")
        continue
      }
      var edit = LayerNarrowing(layer, context, plan)
      guard edit.narrowWeights(to: precision) else { continue }
      edit.commit(&context, "weights of '\(layer.name)' are stored as \(precision.rawValue)")
    }
  }
}
