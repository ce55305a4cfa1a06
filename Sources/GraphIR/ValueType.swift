public import TensorCore

/// The order of the axes of an image-like value.
public enum Layout: String, CaseIterable, Sendable {
  /// Batch, channel, row, column: what every operation but `change_layout` works on.
  case nchw
  /// Batch, row, column, channel: how Keras passes images.
  case nhwc
  /// Axes without image meaning (a kernel, a vector, logits).
  case plain
}

/// Element type, shape and layout of a value.
public struct ValueType: Hashable, Sendable, CustomStringConvertible {
  public var elementType: ElementType
  public var dimensions: [Dimension]
  public var layout: Layout

  public init(_ elementType: ElementType, _ dimensions: [Dimension], layout: Layout) {
    self.elementType = elementType
    self.dimensions = dimensions
    self.layout = layout
  }

  /// The type of an `f32` image, `[N, C, H, W]`.
  public static func image(
    _ batch: Dimension, _ channels: Int, _ height: Dimension, _ width: Dimension
  ) -> ValueType {
    ValueType(.float32, [batch, .fixed(channels), height, width], layout: .nchw)
  }

  /// The type of a stored tensor.
  public init(of tensor: Tensor) {
    self.init(tensor.elementType, tensor.shape.map(Dimension.fixed), layout: .plain)
  }

  public var rank: Int { dimensions.count }

  /// The shape, when no axis depends on a symbol.
  public var fixedShape: [Int]? {
    let values = dimensions.compactMap(\.fixedValue)
    return values.count == rank ? values : nil
  }

  /// `f32[N,3,H,W]`; the layout follows when it is not `[N, C, H, W]` or plain.
  public var description: String {
    let shape = dimensions.map(\.description).joined(separator: ",")
    return "\(elementType.rawValue)[\(shape)]" + (layout == .nhwc ? " nhwc" : "")
  }

  /// The type with every symbol replaced by its value; unchanged axes where a symbol has none.
  public func evaluated(_ values: [String: Int]) -> ValueType {
    var result = self
    result.dimensions = dimensions.map { axis in axis.evaluated(values).map(Dimension.fixed) ?? axis }
    return result
  }
}
