/// The sum of two values, with broadcasting.
public struct Add: ElementwiseBinary {
  public static let mnemonic = "add"
  public init() {}
  public static func apply(_ left: Float, _ right: Float) -> Float { left + right }
}
