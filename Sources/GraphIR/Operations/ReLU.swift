/// max(x, 0); a NaN stays a NaN.
public struct ReLU: ElementwiseUnary {
  public static let mnemonic = "relu"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }
  public func apply(_ value: Float) -> Float { value < 0 ? 0 : value }
}
