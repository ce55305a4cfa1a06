/// The pointwise function at the end of a fused operation.
public enum Activation: Hashable, Sendable {
  case none, relu, sigmoid, tanh
  case leakyReLU(slope: Float)

  /// The operation that stands alone for this function; nil for `none`.
  public var operation: (any ElementwiseUnary)? {
    switch self {
    case .none: nil
    case .relu: ReLU()
    case .sigmoid: Sigmoid()
    case .tanh: Tanh()
    case .leakyReLU(let slope): LeakyReLU(slope: slope)
    }
  }

  /// The activation that `operation` is; nil when it is none.
  public init?(_ operation: any Operation) {
    switch operation {
    case is ReLU: self = .relu
    case is Sigmoid: self = .sigmoid
    case is Tanh: self = .tanh
    case let leaky as LeakyReLU: self = .leakyReLU(slope: leaky.slope)
    default: return nil
    }
  }

  init(named name: String, slope: Float) throws(GraphError) {
    switch name {
    case "none": self = .none
    case "relu": self = .relu
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    case "leaky_relu": self = .leakyReLU(slope: slope)
    default: throw GraphError(.badAttribute, "'\(name)' is not an activation")
    }
  }

  var name: String { operation?.mnemonic ?? "none" }
  var slope: Float { if case .leakyReLU(let slope) = self { slope } else { 0 } }
}
