import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  /// The value as a value of the graph, `f32`.
  mutating func picture(
    _ value: ONNXValue, _ failure: (String) -> ImportError
  ) throws(ImportError) -> ValueID {
    switch value {
    case .graph(let id): return id
    case .condition(let id, let isNegated):
      return try choice(id, isNegated, whenTrue: 1, whenFalse: 0)
    case .numbers: throw failure("is made of integers, where a picture is needed")
    case .constant, .expanded:
      throw failure("does not depend on any input, where a picture is needed")
    }
  }

  mutating func picture(
    _ call: ONNXNodeCall, _ index: Int = 0
  ) throws(ImportError) -> ValueID {
    try picture(call.input(index)) { call.unsupported("input \(index + 1) \($0)") }
  }

  /// As `picture`, for operators on `[N, C, H, W]`.
  mutating func image(_ call: ONNXNodeCall, _ index: Int = 0) throws(ImportError) -> ValueID {
    let value = try picture(call, index)
    guard assembler.type(value).rank == 4 else {
      throw call.unsupported("input \(index + 1) is \(assembler.type(value)), not a picture")
    }
    return value
  }

  /// Input `index` as a stored tensor.
  func constant(_ call: ONNXNodeCall, _ index: Int) throws(ImportError) -> ONNXConstant {
    switch try call.input(index) {
    case .constant(let constant): return constant
    case .expanded(let constant, let dimensions):
      let shape = dimensions.compactMap(\.fixedValue)
      if shape.count == dimensions.count, let value = constant.uniformValue,
        shape.allSatisfy({ (0...65_536).contains($0) }),
        shape.reduce(1.0, { $0 * Double($1) }) <= 0x1p24
      {
        let tensor = Tensor(
          [Float](repeating: value, count: Tensor.elementCount(of: shape)), shape: shape)
        return ONNXConstant(name: call.constantName + ":expanded", tensor: tensor)
      }
    case .numbers(let numbers):
      if let tensor = numbers.asFloats {
        return ONNXConstant(name: call.constantName + ":numbers", tensor: tensor)
      }
    case .graph, .condition: break
    }
    throw call.unsupported(
      "input \(index + 1) is computed; only stored tensors are supported there")
  }

  mutating func choice(
    _ condition: ValueID, _ isNegated: Bool, whenTrue: Float, whenFalse: Float
  ) throws(ImportError) -> ValueID {
    let first = try assembler.scalar(isNegated ? whenFalse : whenTrue)
    let second = try assembler.scalar(isNegated ? whenTrue : whenFalse)
    return try assembler.apply(Select(), condition, first, second, label: "")
  }

  /// A constant in the graph, with axes of length 1 before its own up to `rank`.
  ///
  /// One number becomes a `fill`, unless its file gives it the axes of a vector over channels.
  mutating func operand(
    _ constant: ONNXConstant, rank: Int, _ call: ONNXNodeCall
  ) throws(ImportError) -> ValueID {
    let shape = constant.tensor.shape
    guard shape.count <= rank, constant.tensor.elementCount > 0 else {
      throw call.unsupported("a constant of shape \(shape) does not fit a value of rank \(rank)")
    }
    if constant.tensor.elementType == .bool {
      throw call.unsupported("a stored condition meets a computed one")
    }
    if constant.tensor.elementCount == 1, shape.count < 3, rank == 4 {
      return try assembler.scalar(constant.tensor.floats[0])
    }
    let aligned = [Int](repeating: 1, count: rank - shape.count) + shape
    let name = aligned == shape ? constant.name : "\(constant.name):\(aligned.joinedSizes)"
    return try assembler.constant(name, constant.tensor.reshaped(to: aligned))
  }

  /// A stored vector `[C]`, such as a parameter of batch normalisation.
  func vector(_ call: ONNXNodeCall, _ index: Int) throws(ImportError) -> NamedTensor {
    let constant = try constant(call, index)
    guard constant.tensor.elementCount > 0, constant.tensor.elementType == .float32 else {
      throw call.unsupported("input \(index + 1) is no vector of numbers")
    }
    let count = constant.tensor.elementCount
    return (
      constant.tensor.shape == [count] ? constant.name : "\(constant.name):\(count)",
      constant.tensor.reshaped(to: [count])
    )
  }

  /// Numpy's broadcasting: axes aligned from the right, where 1 repeats; nil when they do not fit.
  static func broadcast(_ shapes: [[Dimension]]) -> [Dimension]? {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Dimension](repeating: .fixed(1), count: rank)
    for shape in shapes {
      let start = rank - shape.count
      for (axis, length) in shape.enumerated() where length != .fixed(1) {
        guard result[start + axis] == .fixed(1) || result[start + axis] == length else {
          return nil
        }
        result[start + axis] = length
      }
    }
    return result
  }

  /// The shape of a value, as ONNX sees it.
  func dimensions(_ value: ONNXValue) -> [Dimension] {
    switch value {
    case .numbers(let numbers): numbers.shape.map(Dimension.fixed)
    case .constant(let constant): constant.tensor.shape.map(Dimension.fixed)
    case .expanded(_, let dimensions): dimensions
    case .graph(let id), .condition(let id, _): assembler.type(id).dimensions
    }
  }
}

extension [Int] {
  /// `1x64x1x1`.
  fileprivate var joinedSizes: String { map { "\($0)" }.joined(separator: "x") }
}
