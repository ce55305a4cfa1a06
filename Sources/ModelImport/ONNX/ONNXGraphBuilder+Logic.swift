import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  mutating func equal(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let (left, right) = (try call.input(0), try call.input(1))
    if case .numbers(let first) = left, case .numbers(let second) = right {
      let result = first.combined(with: second) { .fixed($0 == $1 ? 1 : 0) }
      guard let result, let tensor = result.booleans else {
        throw call.unsupported("these lengths cannot be compared")
      }
      return [.constant(ONNXConstant(name: call.constantName + ":bool", tensor: tensor))]
    }
    return [
      try elementwise(Equal(), [left.asTensor(call, 0), right.asTensor(call, 1)], call)
    ]
  }

  /// `x > c` as `max(x, c) != c`, and so on; c is one number. A NaN counts as greater and as less.
  mutating func comparison(
    keepsGreater: Bool, isNegated: Bool, _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    let value = try call.input(0)
    guard let number = try call.input(1).asTensor(call, 1).constantPart?.uniformValue,
      !number.isNaN
    else {
      throw call.unsupported("compares with more than one number")
    }
    let limited = try elementwise(
      keepsGreater
        ? Clip(minimum: number, maximum: .infinity) : Clip(minimum: -.infinity, maximum: number),
      [value], call)
    let bound = ONNXValue.constant(
      ONNXConstant(name: call.constantName + ":bound", tensor: Tensor(scalar: number)))
    let result = try elementwise(Equal(), [limited, bound], call)
    return isNegated ? [try negated(result, call)] : [result]
  }

  func negated(_ value: ONNXValue, _ call: ONNXNodeCall) throws(ImportError) -> ONNXValue {
    switch value {
    case .condition(let id, let isNegated): return .condition(id, isNegated: !isNegated)
    case .constant(let constant) where constant.tensor.elementType == .bool:
      let tensor = constant.tensor.mapBooleans { !$0 }
      return .constant(ONNXConstant(name: call.constantName + ":bool", tensor: tensor))
    default: throw call.unsupported("its input is not a condition")
    }
  }

  /// And as a product of 0 and 1, Or as a sum that is not 0.
  mutating func logic(isAnd: Bool, _ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    var operands: [ONNXValue] = []
    for index in 0..<2 {
      guard case .condition = try call.input(index) else {
        throw call.unsupported("input \(index + 1) is not a condition")
      }
      operands.append(.graph(try picture(call, index)))
    }
    let joined = try elementwise(isAnd ? Multiply() : Add(), operands, call)
    let bound = ONNXValue.constant(
      ONNXConstant(name: call.constantName + ":bound", tensor: Tensor(scalar: isAnd ? 1 : 0)))
    let result = try elementwise(Equal(), [joined, bound], call)
    return isAnd ? [result] : [try negated(result, call)]
  }

  mutating func choose(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    var (first, second) = (try call.input(1), try call.input(2))
    switch try call.input(0) {
    case .constant(let condition):
      let values = condition.tensor.elementType == .bool ? condition.tensor.boolArray : []
      if case .numbers(let whenTrue) = first, case .numbers(let whenFalse) = second {
        let flags = ONNXNumbers(
          shape: condition.tensor.shape, elements: values.map { .fixed($0 ? 1 : 0) })
        return [.numbers(try pick(flags, whenTrue, whenFalse, call))]
      }
      guard let value = values.first, values.allSatisfy({ $0 == value }) else {
        throw call.unsupported("its condition is a stored pattern")
      }
      let chosen = (value ? first : second).asTensor(call, value ? 1 : 2)
      guard dimensions(chosen) == Self.broadcast([dimensions(first), dimensions(second)]) else {
        throw call.unsupported("its choice would have to be repeated")
      }
      return [chosen]
    case .condition(let id, let isNegated):
      (first, second) = (first.asTensor(call, 1), second.asTensor(call, 2))
      if isNegated { swap(&first, &second) }
      return [
        try elementwise(Select(), [.condition(id, isNegated: false), first, second], call)
      ]
    default: throw call.unsupported("its condition is not one")
    }
  }

  private func pick(
    _ flags: ONNXNumbers, _ whenTrue: ONNXNumbers, _ whenFalse: ONNXNumbers,
    _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXNumbers {
    let count = max(flags.elements.count, whenTrue.elements.count, whenFalse.elements.count)
    func element(_ numbers: ONNXNumbers, _ index: Int) -> Dimension? {
      let place = numbers.elements.count == 1 ? 0 : index
      return numbers.elements.indices.contains(place) ? numbers.elements[place] : nil
    }
    var result: [Dimension] = []
    for index in 0..<count {
      guard let flag = element(flags, index),
        let value = element(flag == .fixed(1) ? whenTrue : whenFalse, index)
      else { throw call.unsupported("its operands differ in length") }
      result.append(value)
    }
    return ONNXNumbers(result)
  }

  /// Cast to the element type that attribute `to` numbers.
  mutating func cast(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let value = try call.input(0)
    switch try call.integer("to", default: 0) {
    case 1: return [try castToFloat(value, call)]
    case 6, 7: return [try castToInteger(value, call)]
    case 9: return [try castToCondition(value, call)]
    case 11 where value.constantPart != nil: return [value]
    case let type:
      throw call.unsupported(
        "casts to ONNX type \(type); f32, bool and constant integers are known")
    }
  }

  /// Cast to the element type of the second input.
  mutating func castLike(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let value = try call.input(0)
    switch try call.input(1) {
    case .numbers: return [try castToInteger(value, call)]
    case .condition: return [try castToCondition(value, call)]
    case .constant(let constant), .expanded(let constant, _):
      return constant.tensor.elementType == .bool
        ? [try castToCondition(value, call)] : [try castToFloat(value, call)]
    case .graph: return [try castToFloat(value, call)]
    }
  }

  private mutating func castToFloat(
    _ value: ONNXValue, _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    switch value {
    case .graph: return value
    case .numbers: return value.asTensor(call, 0)
    case .condition:
      return .graph(try picture(value) { call.unsupported($0) })
    case .constant(var constant):
      constant.tensor = constant.tensor.convertedToFloat32()
      return .constant(constant)
    case .expanded(var constant, let dimensions):
      constant.tensor = constant.tensor.convertedToFloat32()
      return .expanded(constant, dimensions)
    }
  }

  private func castToInteger(
    _ value: ONNXValue, _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    switch value {
    case .numbers: return value
    case .constant(let constant) where constant.tensor.elementCount <= ONNXNumbers.maximumCount:
      let values = constant.tensor.convertedToFloat32().floatArray.map {
        Int(exactly: $0.rounded(.towardZero))
      }
      let whole = values.compactMap(\.self)
      guard whole.count == values.count else { throw call.unsupported("a number is out of range") }
      return .numbers(
        ONNXNumbers(shape: constant.tensor.shape, elements: whole.map(Dimension.fixed)))
    default: throw call.unsupported("casts a computed value to integers")
    }
  }

  private mutating func castToCondition(
    _ value: ONNXValue, _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    switch value.asTensor(call, 0) {
    case .condition: return value
    case .constant(let constant):
      if constant.tensor.elementType == .bool { return value }
      let floats = constant.tensor.floatArray
      let tensor = Tensor(booleans: floats.map { $0 != 0 }, shape: constant.tensor.shape)
      return .constant(ONNXConstant(name: call.constantName + ":bool", tensor: tensor))
    case .graph:
      let zero = ONNXValue.constant(ONNXConstant(name: "zero", tensor: Tensor(scalar: 0)))
      return try negated(elementwise(Equal(), [value, zero], call), call)
    default: throw call.unsupported("makes a condition of a repeated constant")
    }
  }
}

extension ONNXNumbers {
  /// Whether each element is not 0.
  fileprivate var booleans: Tensor? {
    fixed.map { Tensor(booleans: $0.map { $0 != 0 }, shape: shape) }
  }
}

extension Tensor {
  fileprivate init(booleans: [Bool], shape: [Int]) {
    unsafe self.init(elementType: .bool, shape: shape) { destination in
      unsafe destination.copyBytes(from: booleans.map { $0 ? UInt8(1) : 0 })
    }
  }

  fileprivate func mapBooleans(_ body: (Bool) -> Bool) -> Tensor {
    Tensor(booleans: boolArray.map(body), shape: shape)
  }
}
