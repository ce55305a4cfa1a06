import GraphIR

/// Lets chosen layers read `bf16` pictures by `bf16` weights.
///
/// Given
/// ```text
/// %2 = partial_conv %x, %m, %w {…} : f32[N,64,H,W]
/// ```
/// the result is, with `%b` the weights as `bf16`,
/// ```text
/// %3 = narrow %x {output=bf16} : bf16[N,32,H,W]
/// %2 = partial_conv %3, %m, %b {…} : f32[N,64,H,W]
/// ```
/// A picture is narrowed once for all its readers. Sums, ratio, bias and activation stay `f32`.
func narrowToBFloat16(_ plan: NarrowingPlan) -> GraphPass {
  narrowComputation("narrow-to-bf16", .bfloat16, plan)
}

/// Lets chosen layers sum integers: `u8` pictures by `i8` weights.
///
/// Given
/// ```text
/// %2 = partial_conv %x, %m, %w, %r, %b {…} : f32[N,64,H,W]
/// ```
/// the result is
/// ```text
/// %3 = narrow %x {output=u8, output_scale=0.1, output_zero_point=3} : u8[N,32,H,W]
/// %2 = partial_conv %3, %m, %q, %s, %r, %c {quantized=[1], input_scales=[0.1], …} : f32[N,64,H,W]
/// ```
/// with `w ≈ q ⊙ s` by output channel and `%c` the bias with the plan's correction. A picture has
/// one quantisation for all its readers, so the halves of a skip connection keep their own. Masks,
/// ratio and bias stay `f32`. A layer of which a picture has no quantisation is kept.
func narrowToInt8(_ plan: NarrowingPlan) -> GraphPass {
  narrowComputation("narrow-to-int8", .int8, plan)
}

private func narrowComputation(
  _ name: String, _ precision: Precision, _ plan: NarrowingPlan
) -> GraphPass {
  GraphPass(name, .narrows, precondition: "as many bits as asked for") {
    context throws(GraphError) in
    for layer in NarrowLayers(context.graph).all where plan.layers[layer.name] == precision {
      if let reason = layer.isImpossible ? layer.reasonToKeep : nil {
        context.keep("'\(layer.name)' stays f32: \(reason)")
        continue
      }
      var edit = LayerNarrowing(layer, context, plan)
      guard try edit.narrowPictures(to: precision), edit.narrowWeights(to: precision) else {
        if let reason = edit.reason {
          context.keep("'\(layer.name)' stays f32: \(reason)")
        }
        continue
      }
      if precision == .int8 { edit.correctBias() }
      edit.commit(&context, "'\(layer.name)' computes in \(precision.rawValue)")
    }
    if precision == plan.requested {
      for (layer, reason) in plan.kept { context.keep("'\(layer)' stays f32: \(reason)") }
    }
  }
}
