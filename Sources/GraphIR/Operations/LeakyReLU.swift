/// x where x is not negative, else `slope`·x.
public struct LeakyReLU: ElementwiseUnary {
  public static let mnemonic = "leaky_relu"
  public let slope: Float

  public init(slope: Float) { self.slope = slope }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    slope = try attributes.float("slope")
  }

  public var attributes: Attributes { ["slope": .float(slope)] }
  public var exactness: Exactness { .bitExact }
  public func apply(_ value: Float) -> Float { value < 0 ? slope * value : value }
}
