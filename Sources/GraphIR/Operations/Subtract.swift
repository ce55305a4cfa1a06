/// The first value less the second, with broadcasting.
public struct Subtract: ElementwiseBinary {
  public static let mnemonic = "subtract"
  public init() {}
  public static func apply(_ left: Float, _ right: Float) -> Float { left - right }
}
