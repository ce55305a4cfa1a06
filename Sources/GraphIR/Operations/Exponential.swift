import Foundation

/// exp(x).
public struct Exponential: ElementwiseUnary {
  public static let mnemonic = "exponential"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .ulps(8) }
  public func apply(_ value: Float) -> Float { exp(value) }
}
