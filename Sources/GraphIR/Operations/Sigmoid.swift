import Foundation

/// 1 / (1 + exp(-x)).
public struct Sigmoid: ElementwiseUnary {
  public static let mnemonic = "sigmoid"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .ulps(8) }
  public func apply(_ value: Float) -> Float { 1 / (1 + exp(-value)) }
}
