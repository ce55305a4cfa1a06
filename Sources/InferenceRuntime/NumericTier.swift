/// How far the rounding of a convolution may go from that of a direct sum, for less arithmetic.
///
/// The largest error over the largest value of an output of an `f32` model, against the source
/// framework, is below 1e-5, 2e-5 and 1e-4. A `bf16` model takes the same forms for near and fast,
/// and 8-bit layers are exact in every tier. The bits of each depend neither on the number of
/// threads nor on how often a model runs.
public enum NumericTier: String, CaseIterable, Sendable {
  /// Sums of products of the weights as they are.
  case exact
  /// Also transforms at the points 0, 1, -1, i, -i and infinity, which only add and subtract: they
  /// round about as direct sums do.
  case near
  /// Also transforms at ±√½ and ±√2, which multiply, and round some ten times as coarsely.
  case fast
}
