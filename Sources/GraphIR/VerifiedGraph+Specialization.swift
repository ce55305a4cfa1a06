import TensorCore

extension VerifiedGraph {
  /// The input that callers address as `name`, by its own name or an alias.
  public func input(named name: String) -> Graph.Input? {
    graph.inputs.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// The graph for inputs of exactly these shapes, all sizes fixed.
  ///
  /// - Parameter shapes: for every input, by its first name, its shape.
  /// - Throws: `GraphError.badShape` naming the axis, its input, what it is and what it may be;
  ///   `.unboundSize` when an input is missing.
  public func specialized(to shapes: [String: [Int]]) throws(GraphError) -> VerifiedGraph {
    var binding = SizeBinding()
    for input in graph.inputs {
      guard let shape = shapes[input.name] else {
        throw GraphError(.unboundSize, "input '\(input.name)' is missing")
      }
      try binding.bindSymbols(of: input, to: shape)
    }
    for input in graph.inputs { try binding.check(input, shapes[input.name] ?? []) }
    var fixed = graph
    for index in fixed.inputs.indices {
      fixed.inputs[index].type = fixed.inputs[index].type.evaluated(binding.values)
    }
    do throws(VerificationError) {
      return try VerifiedGraph(fixed)
    } catch {
      let fault = error.faults.first.map { "\($0)" } ?? "\(error)"
      throw GraphError(.badShape, "the network does not fit inputs of this size: \(fault)")
    }
  }
}

/// The values of a graph's symbols, read off the shapes of its inputs.
private struct SizeBinding {
  private var sizes: [String: (value: Int, place: String)] = [:]
  /// Longer axes are refused, so that sizes never overflow.
  private static let longestAxis = 1 << 24

  var values: [String: Int] { sizes.mapValues(\.value) }

  /// Gives every symbol that stands alone on an axis that axis' length.
  mutating func bindSymbols(of input: Graph.Input, to shape: [Int]) throws(GraphError) {
    guard shape.count == input.type.rank else {
      throw GraphError(
        .badShape,
        "input '\(input.name)' has shape \(shape), the model takes \(input.type): "
          + "\(input.type.rank) axes")
    }
    for (axis, value) in shape.enumerated() {
      let place = "\(Self.axisName(axis, input.type.layout)) of input '\(input.name)'"
      guard value >= 1, value <= Self.longestAxis else {
        throw GraphError(.badShape, "\(place) is \(value), outside 1...\(Self.longestAxis)")
      }
      if case .symbolic(let symbol, 1, 0, 1) = input.type.dimensions[axis] {
        try bind(symbol, to: value, place)
      }
    }
  }

  /// Compares the axes whose lengths follow from the symbols.
  func check(_ input: Graph.Input, _ shape: [Int]) throws(GraphError) {
    for (axis, value) in shape.enumerated() {
      let wanted = input.type.dimensions[axis]
      let known = wanted.evaluated(values)
      guard known != value else { continue }
      throw GraphError(
        .badShape,
        "\(Self.axisName(axis, input.type.layout)) of input '\(input.name)' is \(value), the model "
          + "takes \(known.map(String.init) ?? wanted.description)")
    }
  }

  private mutating func bind(
    _ symbol: Symbol, to value: Int, _ place: String
  ) throws(GraphError) {
    guard value % symbol.multiple == 0 else {
      throw GraphError(
        .badShape,
        "\(place): \(place.prefix { $0 != " " }) \(value) is not a multiple of \(symbol.multiple); "
          + "pad or resize the picture and the mask to "
          + "\((value / symbol.multiple + 1) * symbol.multiple)")
    }
    guard let known = sizes.updateValue((value, place), forKey: symbol.name) else { return }
    guard known.value == value else {
      throw GraphError(
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
}
