import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  /// An operation on elements, with numpy's broadcasting; computed now when no input is involved.
  mutating func elementwise(
    _ operation: any Operation, _ operands: [ONNXValue], _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    let shapes = operands.map(dimensions)
    guard let shape = Self.broadcast(shapes) else {
      throw ImportError(
        .shapeMismatch, "node '\(call.node.displayName)': \(shapes) do not fit together")
    }
    let constants = operands.compactMap(\.constantPart)
    if constants.count == operands.count {
      let folded = try fold(operation, constants, call)
      if folded.tensor.shape.map(Dimension.fixed) == shape { return .constant(folded) }
      return .expanded(folded, shape)
    }
    guard shape.count == 4 || shape.count == 2 else {
      throw call.unsupported("works on values of rank \(shape.count)")
    }
    var inputs: [ValueID] = []
    for operand in operands {
      if let constant = operand.constantPart {
        inputs.append(try self.operand(constant, rank: shape.count, call))
      } else if case .condition(let id, false) = operand {
        inputs.append(id)
      } else {
        inputs.append(try picture(operand) { call.unsupported($0) })
      }
    }
    let result = try assembler.apply(operation, inputs, label: call.label)
    guard assembler.type(result).dimensions == shape else {
      throw call.unsupported("a constant is repeated to a shape that no other operand has")
    }
    return operation is Equal ? .condition(result, isNegated: false) : .graph(result)
  }

  /// The result of an operation on constants, by its scalar meaning.
  mutating func fold(
    _ operation: any Operation, _ constants: [ONNXConstant], _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXConstant {
    let rank = constants.map(\.tensor.shape.count).max() ?? 0
    let tensors = constants.map { constant in
      let shape = constant.tensor.shape
      return constant.tensor.reshaped(
        to: [Int](repeating: 1, count: max(rank, 1) - shape.count) + shape)
    }
    let count = try resultShape(operation, tensors.map(ValueType.init(of:)), call)
      .reduce(1.0) { $0 * Double($1) }
    try countFolded(count, call)
    let result = operation.evaluate(tensors)[0]
    let shape = rank == 0 ? [] : result.shape
    return ONNXConstant(name: call.constantName + ":folded", tensor: result.reshaped(to: shape))
  }

  /// The shape that an operation gives constants of these types.
  func resultShape(
    _ operation: any Operation, _ types: [ValueType], _ call: ONNXNodeCall
  ) throws(ImportError) -> [Int] {
    do throws(GraphError) {
      return try operation.resultTypes(types).first?.fixedShape ?? []
    } catch {
      throw ImportError(.shapeMismatch, "node '\(call.node.displayName)': \(error)")
    }
  }

  /// Add, Sub, Mul, Div; adding 0 and multiplying by 1 leave the value (but for the sign of a 0).
  mutating func arithmetic(
    _ operation: any ElementwiseBinary, identity: Float?, isCommutative: Bool,
    _ lengths: (Dimension, Dimension) -> Dimension?, _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    var (left, right) = (try call.input(0), try call.input(1))
    if let numbers = left.asNumbers(beside: right), let others = right.asNumbers(beside: left) {
      guard let result = numbers.combined(with: others, lengths) else {
        throw call.unsupported("this arithmetic of axis lengths has no closed form")
      }
      return [.numbers(result)]
    }
    (left, right) = (left.asTensor(call, 0), right.asTensor(call, 1))
    if let completed = try biasedProduct(operation, left, right, call) { return [completed] }
    let shape = Self.broadcast([dimensions(left), dimensions(right)])
    if let identity {
      if right.isUniform(identity), dimensions(left) == shape { return [left] }
      if isCommutative, left.isUniform(identity), dimensions(right) == shape { return [right] }
    }
    return [try elementwise(operation, [left, right], call)]
  }

  /// `input · weights + bias` as one dense layer.
  private mutating func biasedProduct(
    _ operation: any ElementwiseBinary, _ left: ONNXValue, _ right: ONNXValue,
    _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue? {
    guard operation is Add else { return nil }
    for (value, other) in [(left, right), (right, left)] {
      guard case .graph(let id) = value, let product = products[id],
        case .constant(let bias) = other, bias.tensor.elementType == .float32,
        bias.tensor.elementCount == product.weights.tensor.shape[0],
        bias.tensor.shape.last == bias.tensor.elementCount
      else { continue }
      let vector = bias.tensor.reshaped(to: [bias.tensor.elementCount])
      return .graph(
        try assembler.apply(
          Dense(), product.input,
          assembler.constant(product.weights.name, product.weights.tensor),
          assembler.constant(bias.name + ":vector", vector), label: call.label))
    }
    return nil
  }

  mutating func unary(
    _ operation: any ElementwiseUnary, _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    [try elementwise(operation, [call.input(0).asTensor(call, 0)], call)]
  }

  /// `1 / x`.
  mutating func reciprocal(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let one = ONNXValue.constant(ONNXConstant(name: "one", tensor: Tensor(scalar: 1)))
    return [try elementwise(Divide(), [one, call.input(0).asTensor(call, 0)], call)]
  }

  /// Limits of Clip: attributes up to opset 10, inputs from 11 on.
  mutating func clip(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let minimum = try limit(call, 1, "min") ?? -.infinity
    let maximum = try limit(call, 2, "max") ?? .infinity
    return [try clipped(call.input(0), minimum, maximum, call)]
  }

  private func limit(
    _ call: ONNXNodeCall, _ index: Int, _ attribute: String
  ) throws(ImportError) -> Float? {
    if call.has(attribute) { return try call.float(attribute, default: 0) }
    guard call.optionalInput(index) != nil else { return nil }
    guard let value = try constant(call, index).uniformValue else {
      throw call.unsupported("its limit '\(attribute)' is not one number")
    }
    return value
  }

  /// Max and Min of a value and numbers, which is how some exporters write a clip.
  mutating func extremum(
    isMaximum: Bool, _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    var value: ONNXValue?
    var bound: Float = isMaximum ? -.infinity : .infinity
    for index in call.inputs.indices {
      let operand = try call.input(index).asTensor(call, index)
      if let number = operand.constantPart?.uniformValue {
        bound = isMaximum ? max(bound, number) : min(bound, number)
      } else if value == nil {
        value = operand
      } else {
        throw call.unsupported("compares two computed values; one value and numbers are supported")
      }
    }
    guard let value, !bound.isNaN else { throw call.unsupported("compares numbers only") }
    return [
      try clipped(value, isMaximum ? bound : -.infinity, isMaximum ? .infinity : bound, call)
    ]
  }

  private mutating func clipped(
    _ value: ONNXValue, _ minimum: Float, _ maximum: Float, _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    guard minimum <= maximum else { throw call.unsupported("limits \(minimum) to \(maximum)") }
    if case .graph(let id) = value,
      let node = assembler.graph.nodes.last(where: { $0.results == [id] }),
      let inner = node.operation as? Clip,
      max(inner.minimum, minimum) <= min(inner.maximum, maximum)
    {
      let joined = Clip(
        minimum: max(inner.minimum, minimum), maximum: min(inner.maximum, maximum))
      return .graph(try assembler.apply(joined, node.inputs[0], label: call.label))
    }
    return try elementwise(Clip(minimum: minimum, maximum: maximum), [value], call)
  }
}

extension ONNXValue {
  /// The constant that the value is, or repeats.
  var constantPart: ONNXConstant? {
    switch self {
    case .constant(let constant), .expanded(let constant, _): constant
    case .numbers, .graph, .condition: nil
    }
  }

  func isUniform(_ number: Float) -> Bool { constantPart?.uniformValue == number }

  /// The value as integers where `other` makes this arithmetic of lengths.
  func asNumbers(beside other: ONNXValue) -> ONNXNumbers? {
    switch (self, other) {
    case (.numbers(let numbers), _): return numbers
    case (.constant(let constant), .numbers(let others)):
      guard others.fixed == nil, constant.tensor.elementType == .float32 else { return nil }
      let values = constant.tensor.floatArray.map { Int(exactly: $0) }
      let whole = values.compactMap(\.self)
      guard whole.count == values.count else { return nil }
      return ONNXNumbers(shape: constant.tensor.shape, elements: whole.map(Dimension.fixed))
    default: return nil
    }
  }

  /// Integers as a tensor; other values as they are.
  func asTensor(_ call: ONNXNodeCall, _ index: Int) -> ONNXValue {
    guard case .numbers(let numbers) = self, let tensor = numbers.asFloats else { return self }
    return .constant(ONNXConstant(name: "\(call.constantName):\(index)", tensor: tensor))
  }
}
