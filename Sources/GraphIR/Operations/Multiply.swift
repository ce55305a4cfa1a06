/// The product of two values, with broadcasting.
public struct Multiply: ElementwiseBinary {
  public static let mnemonic = "multiply"
  public init() {}
  public static func apply(_ left: Float, _ right: Float) -> Float { left * right }
}
