import GraphIR
import TensorCore

/// Gives every value of a graph a fixed layout from the shapes of its inputs.
enum ShapeBinding {
  private static let longestAxis = 1 << 24
  /// Larger values are refused, so that sums of sizes never overflow.
  private static let largestByteCount = 1 << 40
  /// Kernels count the pixels of a picture in 32 bits, borders included.
  private static let largestPicture = 1 << 30

  /// - Parameter inputs: element type and shape of each input, in the graph's order.
  /// - Throws: `RuntimeError.badShape` or `.badElementType` for the first input or layer that does
  ///   not fit.
  static func layouts(
    of model: VerifiedGraph, inputs: [(elementType: ElementType, shape: [Int])]
  ) throws(RuntimeError) -> [ValueID: ValueLayout] {
    var shapes: [String: [Int]] = [:]
    for (input, actual) in zip(model.graph.inputs, inputs) {
      guard actual.elementType == input.type.elementType else {
        throw RuntimeError(
          .badElementType,
          "input '\(input.name)' is \(actual.elementType.rawValue), the model takes "
            + "\(input.type.elementType.rawValue): convert it first")
      }
      shapes[input.name] = actual.shape
    }
    let fixed: VerifiedGraph
    do throws(GraphError) {
      fixed = try model.specialized(to: shapes)
    } catch {
      throw RuntimeError(.badShape, error.message)
    }
    let graph = fixed.graph
    var layouts: [ValueID: ValueLayout] = [:]
    for value in graph.inputs.map(\.value) + graph.constants.map(\.value)
      + graph.nodes.flatMap(\.results)
    {
      layouts[value] = try layout(fixed.type(of: value), of: value)
    }
    return layouts
  }

  private static func layout(_ type: ValueType, of value: ValueID) throws(RuntimeError)
    -> ValueLayout
  {
    var byteCount = type.elementType.byteCount
    for dimension in type.dimensions {
      guard let length = dimension.fixedValue, length >= 0, length <= longestAxis else {
        throw RuntimeError(.badShape, "\(value) has the size \(type) on these inputs")
      }
      let product = byteCount.multipliedReportingOverflow(by: length)
      guard !product.overflow, product.partialValue <= largestByteCount else {
        throw RuntimeError(.outOfMemory, "\(value) would be \(type): use smaller inputs")
      }
      byteCount = product.partialValue
    }
    guard let layout = ValueLayout(type) else {
      throw RuntimeError(.badShape, "\(value) has no fixed size: \(type)")
    }
    guard !layout.isPicture || layout.height * layout.width <= largestPicture else {
      throw RuntimeError(
        .badShape, "\(value) would be \(type): pictures have at most \(largestPicture) pixels")
    }
    return layout
  }

  /// The layer's name for messages: its label, else its operation and result.
  static func name(of node: Node) -> String {
    guard node.label.isEmpty else { return "layer '\(node.label)'" }
    return "\(node.operation.mnemonic) \(node.results.first?.description ?? "")"
  }
}
