import Foundation

/// The hyperbolic tangent.
public struct Tanh: ElementwiseUnary {
  public static let mnemonic = "tanh"
  public init() {}
  public init(reading attributes: inout AttributeReader) throws(GraphError) {}
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .ulps(8) }
  public func apply(_ value: Float) -> Float { Foundation.tanh(value) }
}
