extension VerifiedGraph {
  /// Multiplications of all matrix-like operations for pictures of `height` by `width`, batch 1.
  ///
  /// Convolutions count every weight at every output position, border included; upsampled parts count
  /// as they are described, at full resolution. Elementwise work is not counted.
  /// - Throws: `GraphError.badShape` when the network does not take that size.
  public func multiplyCount(height: Int, width: Int) throws(GraphError) -> Int {
    var shapes: [String: [Int]] = [:]
    for input in graph.inputs {
      shapes[input.name] = input.type.dimensions.map { dimension in
        dimension.evaluated(["N": 1, "H": height, "W": width]) ?? 1
      }
    }
    let fixed = try specialized(to: shapes)
    return fixed.graph.nodes.reduce(0) { sum, node in
      let (next, isOverflow) = sum.addingReportingOverflow(fixed.multiplyCount(of: node))
      return isOverflow ? .max : next
    }
  }

  /// The sizes that the graph's multiples make the closest to `wanted` rows and columns.
  public func nearestSize(to wanted: Int) -> (height: Int, width: Int) {
    let axes = graph.inputs.first?.type.dimensions ?? []
    func length(_ name: String) -> Int {
      for case .symbolic(let symbol, _, _, _) in axes where symbol.name == name {
        return max(wanted / symbol.multiple, 1) * symbol.multiple
      }
      return wanted
    }
    return (length("H"), length("W"))
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
