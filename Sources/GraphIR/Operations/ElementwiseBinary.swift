public import TensorCore

/// Arithmetic of two values, element by element, where an axis of length 1 repeats.
public protocol ElementwiseBinary: Operation {
  init()
  static func apply(_ left: Float, _ right: Float) -> Float
}

extension ElementwiseBinary {
  public init(reading attributes: inout AttributeReader) throws(GraphError) { self.init() }
  public var attributes: Attributes { [:] }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 2...2)
    for input in inputs { try requireFloat(input) }
    return [try broadcastType(inputs)]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let reader = Broadcast(inputs.map(\.shape))
    let left = inputs[0].floatArray
    let right = inputs[1].floatArray
    var result = [Float](repeating: 0, count: Tensor.elementCount(of: reader.shape))
    reader.forEach { index, offsets in
      result[index] = Self.apply(left[offsets[0]], right[offsets[1]])
    }
    return [Tensor(result, shape: reader.shape)]
  }
}

extension Operation {
  /// The common type of inputs whose axes are equal or 1.
  func broadcastType(_ inputs: [ValueType]) throws(GraphError) -> ValueType {
    var result = inputs[0]
    for input in inputs.dropFirst() {
      guard input.rank == result.rank else {
        throw GraphError(.badShape, "\(mnemonic): \(result) and \(input) differ in rank")
      }
      for axis in 0..<result.rank where input.dimensions[axis] != result.dimensions[axis] {
        if result.dimensions[axis] == .fixed(1) {
          result.dimensions[axis] = input.dimensions[axis]
        } else if input.dimensions[axis] != .fixed(1) {
          throw GraphError(.badShape, "\(mnemonic): \(result) and \(input) do not fit")
        }
      }
      if result.layout == .plain { result.layout = input.layout }
    }
    return result
  }
}

/// Walks the elements of a broadcast result together with those of its inputs.
struct Broadcast {
  let shape: [Int]
  private let strides: [[Int]]

  init(_ shapes: [[Int]]) {
    let rank = shapes[0].count
    let shape = (0..<rank).map { axis in
      shapes.map { $0[axis] }.first { $0 != 1 } ?? 1
    }
    self.shape = shape
    strides = shapes.map { input in
      var stride = 1
      var result = [Int](repeating: 0, count: rank)
      for axis in (0..<rank).reversed() {
        result[axis] = input[axis] == 1 ? 0 : stride
        stride *= input[axis]
      }
      return result
    }
  }

  func forEach(_ body: (_ index: Int, _ offsets: [Int]) -> Void) {
    var position = [Int](repeating: 0, count: shape.count)
    var offsets = [Int](repeating: 0, count: strides.count)
    for index in 0..<Tensor.elementCount(of: shape) {
      body(index, offsets)
      for axis in shape.indices.reversed() {
        position[axis] += 1
        for input in strides.indices { offsets[input] += strides[input][axis] }
        if position[axis] < shape[axis] { break }
        position[axis] = 0
        for input in strides.indices { offsets[input] -= strides[input][axis] * shape[axis] }
      }
    }
  }
}
