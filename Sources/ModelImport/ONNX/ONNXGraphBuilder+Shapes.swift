import CheckpointFormats
import GraphIR
import TensorCore

/// Shape arithmetic: it is done at import, with lengths that may depend on symbols.
extension ONNXGraphBuilder {
  mutating func constantNode(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard call.node.attributes.count == 1, let (key, attribute) = call.node.attributes.first else {
      throw call.unsupported("must have one value")
    }
    let name = call.node.outputs.first ?? call.label
    switch attribute {
    case .tensor(let stored): return [try constant(ONNXTensors.load(stored), name: name)]
    case .integer(let value): return [.numbers(ONNXNumbers(shape: [], elements: [.fixed(value)]))]
    case .integers(let values): return [.numbers(ONNXNumbers(values.map(Dimension.fixed)))]
    case .float(let value): return [try constant(Tensor(scalar: value), name: name)]
    case .floats(let values):
      return [try constant(Tensor(values, shape: [values.count]), name: name)]
    case .text, .texts, .other: throw call.unsupported("attribute '\(key.shown)' is not supported")
    }
  }

  mutating func constantOfShape(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard case .numbers(let shape) = try call.input(0), shape.shape.count == 1 else {
      throw call.unsupported("its shape is not known at conversion")
    }
    var value = Tensor(scalar: 0)
    if case .tensor(let stored)? = call.node.attributes["value"] {
      value = try ONNXTensors.load(stored)
      guard value.elementCount == 1 else {
        throw call.unsupported("attribute 'value' is no number")
      }
    }
    return try repeated(
      constant(value.reshaped(to: []), name: call.node.outputs.first ?? ""), shape.elements, call)
  }

  func shape(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let lengths = dimensions(try call.input(0))
    func position(_ name: String, _ fallback: Int) throws(ImportError) -> Int {
      let value = try call.integer(name, default: fallback)
      return min(max(value < 0 ? value + lengths.count : value, 0), lengths.count)
    }
    let (start, end) = (try position("start", 0), try position("end", lengths.count))
    return [.numbers(ONNXNumbers(Array(lengths[start..<max(start, end)])))]
  }

  func gather(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard case .numbers(let numbers) = try call.input(0), numbers.shape.count == 1,
      case .numbers(let indices) = try call.input(1), let places = indices.fixed,
      try call.integer("axis", default: 0) == 0
    else { throw call.unsupported("picks from a value that is not a list of lengths") }
    var result: [Dimension] = []
    for place in places {
      let index = place < 0 ? place &+ numbers.elements.count : place
      guard numbers.elements.indices.contains(index) else {
        throw call.unsupported("picks element \(place) of \(numbers.elements.count)")
      }
      result.append(numbers.elements[index])
    }
    return [.numbers(ONNXNumbers(shape: indices.shape, elements: result))]
  }

  /// Repeats a constant to `lengths`, or numbers when they stay few.
  private func repeated(
    _ value: ONNXValue, _ lengths: [Dimension], _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    switch value {
    case .constant(let constant): return [.expanded(constant, lengths)]
    case .numbers(let numbers):
      let sizes = lengths.compactMap(\.fixedValue)
      guard sizes.count == lengths.count, sizes.count <= 1, numbers.elements.count == 1,
        (0...ONNXNumbers.maximumCount).contains(sizes.first ?? 1)
      else { break }
      return [
        .numbers(
          ONNXNumbers(
            shape: sizes,
            elements: [Dimension](repeating: numbers.elements[0], count: sizes.first ?? 1)))
      ]
    case .expanded, .graph, .condition: break
    }
    throw call.unsupported("repeats this value to the shape \(lengths.shown)")
  }

  /// Expand: constants to any shape, one channel to several.
  mutating func expand(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard case .numbers(let target) = try call.input(1) else {
      throw call.unsupported("its shape is not known at conversion")
    }
    let value = try call.input(0)
    let current = dimensions(value)
    guard let shape = Self.broadcast([current, target.elements]) else {
      throw ImportError(
        .shapeMismatch,
        "node '\(call.node.displayName)': \(current.shown) cannot become \(target.elements.shown)")
    }
    if shape == current { return [value] }
    if case .expanded(let constant, _) = value { return [.expanded(constant, shape)] }
    if case .graph(let id) = value { return [.graph(try spread(id, to: shape, call))] }
    return try repeated(value, shape, call)
  }

  /// Tile: repetition of a one-channel picture along its channels.
  mutating func tile(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let value = try call.input(0)
    guard let counts = try call.integers(1), counts.count == dimensions(value).count else {
      throw call.unsupported("its repetitions do not fit its input")
    }
    if counts.allSatisfy({ $0 == 1 }) { return [value] }
    guard case .graph(let id) = value, counts.count == 4,
      dimensions(value)[1] == .fixed(1), [counts[0], counts[2], counts[3]] == [1, 1, 1]
    else { throw call.unsupported("repeats \(counts); only one channel can be repeated") }
    var shape = dimensions(value)
    shape[1] = .fixed(counts[1])
    return [.graph(try spread(id, to: shape, call))]
  }

  private mutating func spread(
    _ value: ValueID, to shape: [Dimension], _ call: ONNXNodeCall
  ) throws(ImportError) -> ValueID {
    var expected = assembler.type(value).dimensions
    guard expected.count == 4, shape.count == 4, let count = shape[1].fixedValue else {
      throw call.unsupported("repeats a value that is no picture")
    }
    expected[1] = shape[1]
    guard expected == shape else {
      throw call.unsupported("repeats images, rows or columns; only channels can be repeated")
    }
    return try assembler.apply(ExpandChannels(count: count), value, label: call.label)
  }

  /// Unsqueeze, Squeeze and Reshape of what is known at conversion; `[N, C, 1, 1]` to `[N, C]`.
  mutating func reshape(
    _ call: ONNXNodeCall, _ shape: ([Int]) throws(ImportError) -> [Int]
  ) throws(ImportError) -> [ONNXValue] {
    switch try call.input(0) {
    case .numbers(var numbers):
      numbers.shape = try checked(shape(numbers.shape), count: numbers.elements.count, call)
      return [.numbers(numbers)]
    case .constant(var constant):
      let tensor = constant.tensor
      let result = try checked(shape(tensor.shape), count: tensor.elementCount, call)
      constant.tensor = tensor.reshaped(to: result)
      if result != tensor.shape { constant.name += ":reshaped_" + call.constantName }
      return [.constant(constant)]
    case .expanded(let constant, _) where constant.tensor.elementCount == 1:
      var scalar = constant
      scalar.tensor = scalar.tensor.reshaped(to: [])
      let known = dimensions(try call.input(0)).map { $0.fixedValue ?? 0 }
      guard !known.contains(0) else { break }
      return [.expanded(scalar, try shape(known).map(Dimension.fixed))]
    case .expanded, .graph, .condition: break
    }
    throw call.unsupported("changes the axes of a computed value")
  }

  private func checked(
    _ shape: [Int], count: Int, _ call: ONNXNodeCall
  ) throws(ImportError) -> [Int] {
    let product = shape.reduce(1.0) { $0 * Double($1) }
    guard shape.allSatisfy({ $0 >= 0 }), product == Double(count) else {
      throw ImportError(
        .shapeMismatch, "node '\(call.node.displayName)': \(count) elements do not fill \(shape)")
    }
    return shape
  }

  /// Slice of a list of lengths, or of the channels of a picture.
  mutating func slice(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let starts = try call.integers(attribute: "starts", orInput: 1)
    let ends = try call.integers(attribute: "ends", orInput: 2)
    guard let starts, let ends, starts.count == ends.count else {
      throw call.unsupported("its bounds do not fit together")
    }
    let stated = try call.integers(attribute: "axes", orInput: 3)
    let axes = stated ?? Array(0..<starts.count)
    let steps = try call.integers(4) ?? [Int](repeating: 1, count: starts.count)
    guard steps.allSatisfy({ $0 == 1 }), steps.count == starts.count, axes.count == starts.count
    else { throw call.unsupported("takes steps of \(steps); only 1 is supported") }
    var value = try call.input(0)
    for index in starts.indices {
      value = try slice(value, axes[index], starts[index], ends[index], call)
    }
    return [value]
  }

  private mutating func slice(
    _ value: ONNXValue, _ axis: Int, _ start: Int, _ end: Int, _ call: ONNXNodeCall
  ) throws(ImportError) -> ONNXValue {
    let shape = dimensions(value)
    let axis = axis < 0 ? axis &+ shape.count : axis
    guard shape.indices.contains(axis) else { throw call.unsupported("slices axis \(axis)") }
    if start == 0, end >= 1 << 31 || .fixed(end) == shape[axis] { return value }
    guard let length = shape[axis].fixedValue else {
      throw call.unsupported("cuts rows or columns, which is not supported")
    }
    let first = min(max(start < 0 ? start &+ length : start, 0), length)
    let last = max(min(max(end < 0 ? end &+ length : end, 0), length), first)
    switch value {
    case .numbers(let numbers) where numbers.shape.count == 1:
      return .numbers(ONNXNumbers(Array(numbers.elements[first..<last])))
    case .graph(let id) where axis == 1 && shape.count == 4:
      if first == 0, last == length { return value }
      return .graph(
        try assembler.apply(SliceChannels(start: first, end: last), id, label: call.label))
    default: throw call.unsupported("cuts axis \(axis) of \(shape.shown); channels can be cut")
    }
  }
}

extension [Dimension] {
  /// `[N, 3, H, W]`, for messages.
  var shown: String { "[" + map(\.description).joined(separator: ", ") + "]" }
}
