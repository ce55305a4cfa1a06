/// How far the rounding of a convolution may go from that of a direct sum, for less arithmetic.
///
/// Against the source framework an `f32` model keeps to `errorBound`. Layers of `bf16` and 8-bit
/// pictures have a scale of their own: direct sums in `exact`, which are exact over 8 bits, and in
/// the others the forms of the tier before.
/// The bits of each depend neither on the number of threads nor on how often a model runs.
public enum NumericTier: String, CaseIterable, Sendable {
  /// Direct sums, and transforms at the points 0, 1, -1, i, -i and infinity, which only add and
  /// subtract: no farther from real arithmetic than the direct sums of the frameworks.
  case exact
  /// Also transforms at ±√½ and ±√2, which multiply: about half as far again.
  case near
  /// Also transforms at ±2 and ±½, of larger tiles: some four times as far.
  case fast

  /// The largest error over the largest value of an output of an `f32` model.
  public var errorBound: Double {
    switch self {
    case .exact: 1e-5
    case .near: 2e-5
    case .fast: 1e-4
    }
  }
}
