/// With how many bits a layer computes, or its weights are stored; fewer bits are less.
public enum Precision: String, CaseIterable, Comparable, Sendable {
  case int8
  case bfloat16 = "bf16"
  case float32 = "f32"

  public static func < (lhs: Precision, rhs: Precision) -> Bool { lhs.rank < rhs.rank }

  /// The next one with more bits; nil for `float32`.
  public var wider: Precision? {
    switch self {
    case .int8: .bfloat16
    case .bfloat16: .float32
    case .float32: nil
    }
  }

  private var rank: Int {
    switch self {
    case .int8: 0
    case .bfloat16: 1
    case .float32: 2
    }
  }
}
