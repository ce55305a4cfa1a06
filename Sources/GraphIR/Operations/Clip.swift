/// x limited to `minimum...maximum`; a NaN stays a NaN.
public struct Clip: ElementwiseUnary {
  public static let mnemonic = "clip"
  public let minimum: Float
  public let maximum: Float

  public init(minimum: Float, maximum: Float) {
    self.minimum = minimum
    self.maximum = maximum
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    maximum = try attributes.float("maximum")
    minimum = try attributes.float("minimum")
  }

  public var attributes: Attributes {
    ["maximum": .float(maximum), "minimum": .float(minimum)]
  }
  public var exactness: Exactness { .bitExact }
  public func apply(_ value: Float) -> Float {
    value < minimum ? minimum : value > maximum ? maximum : value
  }
}
