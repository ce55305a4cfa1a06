/// The first value over the second, with broadcasting; IEEE division, so 0/0 is NaN.
public struct Divide: ElementwiseBinary {
  public static let mnemonic = "divide"
  public init() {}
  public static func apply(_ left: Float, _ right: Float) -> Float { left / right }
}
