public import TensorCore

/// Reorders the axes of a picture between `[N, C, H, W]` and `[N, H, W, C]`.
public struct ChangeLayout: Operation {
  public static let mnemonic = "change_layout"
  public let layout: Layout

  public init(to layout: Layout) { self.layout = layout }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    layout = try attributes.choice("layout", Layout.self)
  }

  public var attributes: Attributes { ["layout": .string(layout.rawValue)] }
  public var exactness: Exactness { .bitExact }

  private var permutation: [Int] { layout == .nhwc ? [0, 2, 3, 1] : [0, 3, 1, 2] }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    let needed: Layout = layout == .nhwc ? .nchw : .nhwc
    guard inputs[0].rank == 4, inputs[0].layout == needed, layout != .plain else {
      throw GraphError(.badType, "change_layout of \(inputs[0]) to \(layout)")
    }
    return [
      ValueType(
        inputs[0].elementType, permutation.map { inputs[0].dimensions[$0] }, layout: layout)
    ]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] { [inputs[0].transposed(permutation)] }
}
