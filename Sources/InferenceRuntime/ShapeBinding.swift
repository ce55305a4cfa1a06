import GraphIR
import TensorCore

/// Gives every value of a graph a fixed layout from the shapes of its inputs.
struct ShapeBinding {
  private let model: VerifiedGraph
  private var sizes: [String: (value: Int, place: String)] = [:]
  /// Longer axes are refused, so that sizes never overflow.
  private static let longestAxis = 1 << 24
  /// Larger values are refused, so that sums of sizes never overflow.
  private static let largestByteCount = 1 << 40
  /// Kernels count the pixels of a picture in 32 bits, borders included.
  private static let largestPicture = 1 << 30

  /// - Parameter shapes: element type and shape of each input, in the graph's order.
  /// - Throws: `RuntimeError.badShape` or `.badElementType` for the first input or layer that does
  ///   not fit.
  static func layouts(
    of model: VerifiedGraph, inputs: [(elementType: ElementType, shape: [Int])]
  ) throws(RuntimeError) -> [ValueID: ValueLayout] {
    var binding = ShapeBinding(model: model)
    for (input, actual) in zip(model.graph.inputs, inputs) {
      try binding.bind(input, actual.elementType, actual.shape)
    }
    return try binding.infer()
  }

  private init(model: VerifiedGraph) { self.model = model }

  private mutating func bind(
    _ input: Graph.Input, _ elementType: ElementType, _ shape: [Int]
  ) throws(RuntimeError) {
    guard elementType == input.type.elementType else {
      throw RuntimeError(
        .badElementType,
        "input '\(input.name)' is \(elementType.rawValue), the model takes "
          + "\(input.type.elementType.rawValue): convert it first")
    }
    guard shape.count == input.type.rank else {
      throw RuntimeError(
        .badShape,
        "input '\(input.name)' has shape \(shape), the model takes \(input.type): "
          + "\(input.type.rank) axes")
    }
    for axis in shape.indices {
      try bind(input, axis: axis, to: shape[axis])
    }
  }

  private mutating func bind(
    _ input: Graph.Input, axis: Int, to value: Int
  ) throws(RuntimeError) {
    let name = Self.axisName(axis, input.type.layout)
    let place = "\(name) of input '\(input.name)'"
    guard value >= 1, value <= Self.longestAxis else {
      throw RuntimeError(.badShape, "\(place) is \(value), outside 1...\(Self.longestAxis)")
    }
    let wanted = input.type.dimensions[axis]
    guard case .symbolic(let symbol, 1, 0, 1) = wanted else {
      let known = wanted.evaluated(sizes.mapValues(\.value))
      guard known == value else {
        let expected = known.map(String.init) ?? wanted.description
        throw RuntimeError(.badShape, "\(place) is \(value), the model takes \(expected)")
      }
      return
    }
    guard value % symbol.multiple == 0 else {
      throw RuntimeError(
        .badShape,
        "\(place): \(name) \(value) is not a multiple of \(symbol.multiple); pad or resize the "
          + "picture and the mask to \((value / symbol.multiple + 1) * symbol.multiple)")
    }
    guard let known = sizes.updateValue((value, place), forKey: symbol.name) else { return }
    guard known.value == value else {
      throw RuntimeError(
        .badShape, "\(place) is \(value), but \(known.place) is \(known.value): they must agree")
    }
  }

  private static func axisName(_ axis: Int, _ layout: Layout) -> String {
    switch layout {
    case .nchw: ["batch", "channels", "height", "width"][axis]
    case .nhwc: ["batch", "height", "width", "channels"][axis]
    case .plain: "axis \(axis)"
    }
  }

  private func infer() throws(RuntimeError) -> [ValueID: ValueLayout] {
    let values = sizes.mapValues(\.value)
    var types: [ValueID: ValueType] = [:]
    for input in model.graph.inputs { types[input.value] = input.type.evaluated(values) }
    for constant in model.graph.constants { types[constant.value] = ValueType(of: constant.tensor) }
    for node in model.graph.nodes {
      let inputs = node.inputs.compactMap { types[$0] }
      let results: [ValueType]
      do throws(GraphError) {
        results = try node.operation.resultTypes(inputs)
      } catch {
        throw RuntimeError(.badShape, "\(Self.name(of: node)): \(error.message)")
      }
      for (value, type) in zip(node.results, results) { types[value] = type }
    }
    var layouts: [ValueID: ValueLayout] = [:]
    for (value, type) in types { layouts[value] = try layout(type, of: value) }
    return layouts
  }

  private func layout(_ type: ValueType, of value: ValueID) throws(RuntimeError) -> ValueLayout {
    var byteCount = type.elementType.byteCount
    for dimension in type.dimensions {
      guard let length = dimension.fixedValue, length >= 0, length <= Self.longestAxis else {
        throw RuntimeError(.badShape, "\(value) has the size \(type) on these inputs")
      }
      let product = byteCount.multipliedReportingOverflow(by: length)
      guard !product.overflow, product.partialValue <= Self.largestByteCount else {
        throw RuntimeError(.outOfMemory, "\(value) would be \(type): use smaller inputs")
      }
      byteCount = product.partialValue
    }
    guard let layout = ValueLayout(type) else {
      throw RuntimeError(.badShape, "\(value) has no fixed size: \(type)")
    }
    guard !layout.isPicture || layout.height * layout.width <= Self.largestPicture else {
      throw RuntimeError(
        .badShape, "\(value) would be \(type): pictures have at most \(Self.largestPicture) pixels")
    }
    return layout
  }

  /// The layer's name for messages: its label, else its operation and result.
  static func name(of node: Node) -> String {
    guard node.label.isEmpty else { return "layer '\(node.label)'" }
    return "\(node.operation.mnemonic) \(node.results.first?.description ?? "")"
  }
}
