extension VerifiedGraph {
  /// Multiplications of all matrix-like operations for pictures of `height` by `width`, batch 1.
  ///
  /// Convolutions count every weight at every output position, border included; upsampled parts count
  /// as they are described, at full resolution. Elementwise work is not counted.
  /// - Throws: `GraphError.badShape` when the network does not take that size.
  public func multiplyCount(height: Int, width: Int) throws(GraphError) -> Int {
    let fixed = try specialized(toPicturesOf: height, width)
    return fixed.graph.nodes.reduce(0) { sum, node in
      let (next, isOverflow) = sum.addingReportingOverflow(fixed.multiplyCount(of: node))
      return isOverflow ? .max : next
    }
  }

  /// The graph for one picture of `height` by `width`.
  ///
  /// - Throws: `GraphError.badShape` when the network does not take that size.
  public func specialized(
    toPicturesOf height: Int, _ width: Int
  ) throws(GraphError) -> VerifiedGraph {
    let values = symbolValues(batch: 1, height: height, width: width)
    var shapes: [String: [Int]] = [:]
    for input in graph.inputs {
      shapes[input.name] = input.type.dimensions.map { $0.evaluated(values) ?? 1 }
    }
    return try specialized(to: shapes)
  }

  /// Multiplications of one node of a graph of fixed sizes; `Int.max` for a product beyond it.
  public func multiplyCount(of node: Node) -> Int {
    let weights: ValueID
    switch node.operation {
    case is Convolution, is Dense: weights = node.inputs[1]
    case let partial as PartialConvolution: weights = partial.arguments(node.inputs).weights
    default: return 0
    }
    guard let kernel = type(of: weights).fixedShape,
      let result = type(of: node.results[0]).fixedShape
    else { return 0 }
    return (result + kernel.dropFirst()).reduce(1) { product, length in
      let (next, isOverflow) = product.multipliedReportingOverflow(by: length)
      return isOverflow ? .max : next
    }
  }
}
