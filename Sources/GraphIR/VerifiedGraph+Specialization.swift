import TensorCore

extension VerifiedGraph {
  /// The input that callers address as `name`, by its own name or an alias.
  public func input(named name: String) -> Graph.Input? {
    graph.inputs.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// The graph for inputs of exactly these shapes, all sizes fixed.
  ///
  /// - Parameter shapes: for every input, by its first name, its shape.
  /// - Throws: `GraphError.badShape` naming the input, what it has and what it may have;
  ///   `.unboundSize` when an input is missing.
  public func specialized(to shapes: [String: [Int]]) throws(GraphError) -> VerifiedGraph {
    let sizes = try boundSizes(shapes)
    var fixed = graph
    for index in fixed.inputs.indices {
      fixed.inputs[index].type = fixed.inputs[index].type.evaluated(sizes)
    }
    do throws(VerificationError) {
      return try VerifiedGraph(fixed)
    } catch {
      let fault = error.faults.first.map { "\($0)" } ?? "\(error)"
      throw GraphError(.badShape, "the network does not fit inputs of this size: \(fault)")
    }
  }

  private func boundSizes(_ shapes: [String: [Int]]) throws(GraphError) -> [String: Int] {
    var sizes: [String: (value: Int, input: String)] = [:]
    for input in graph.inputs {
      guard let shape = shapes[input.name] else {
        throw GraphError(.unboundSize, "input '\(input.name)' is missing")
      }
      guard shape.count == input.type.rank else {
        throw GraphError(
          .badShape, "input '\(input.name)' has shape \(shape), wanted \(input.type)")
      }
      for (length, dimension) in zip(shape, input.type.dimensions) {
        if case .symbolic(let symbol, _, _, _) = dimension {
          try check(length, of: symbol, in: input, against: sizes[symbol.name])
          sizes[symbol.name] = (length, input.name)
        } else if dimension != .fixed(length) {
          throw GraphError(
            .badShape, "input '\(input.name)' has shape \(shape), wanted \(input.type)")
        }
      }
    }
    return sizes.mapValues(\.value)
  }

  private func check(
    _ length: Int, of symbol: Symbol, in input: Graph.Input,
    against known: (value: Int, input: String)?
  ) throws(GraphError) {
    guard length > 0, length % symbol.multiple == 0 else {
      throw GraphError(
        .badShape,
        "\(symbol.name) of input '\(input.name)' is \(length); it must be a positive multiple of "
          + "\(symbol.multiple)")
    }
    if let known, known.value != length {
      throw GraphError(
        .badShape,
        "\(symbol.name) is \(known.value) in input '\(known.input)' but \(length) in '\(input.name)'")
    }
  }
}
