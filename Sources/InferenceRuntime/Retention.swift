/// Which values a session keeps from one run to the next, to compute less when inputs are equal.
///
/// Results have the same bits whatever is kept. Values that follow from the sizes of inputs alone
/// are always kept.
public enum Retention: Sendable {
  case nothing
  /// What follows from a part of the inputs, such as all that a mask decides: computed again only
  /// when that part differs.
  case partial
  /// Every value: a run computes the pixels that its inputs' differences from the latest run reach.
  /// Takes the memory of all activations at once; for edits of one picture.
  case everything
}
