import GraphIR
import TensorCore

/// The layers without weights.
extension KerasGraphBuilder {
  mutating func apply(
    _ operation: any Operation, _ inputs: ValueID..., call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    try assemble { assembler throws(ImportError) in
      try assembler.apply(operation, inputs, label: call.name)
    }
  }

  mutating func activation(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    try activated(call.input(0), call)
  }

  /// The value after the config's `activation`, which many layers carry.
  mutating func activated(
    _ value: ValueID, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    let given = call.layer.config["activation"]
    let slope = given?["config"]?["negative_slope"] ?? given?["config"]?["alpha"]
    switch given?.string ?? given?["class_name"]?.string ?? "linear" {
    case "linear": return value
    case "relu", "ReLU": return try pointwise(ReLU(), value, call)
    case "sigmoid": return try pointwise(Sigmoid(), value, call)
    case "tanh": return try pointwise(Tanh(), value, call)
    case "leaky_relu", "LeakyReLU":
      return try pointwise(LeakyReLU(slope: Float(slope?.number ?? 0.2)), value, call)
    case "softmax":
      throw call.unsupported(
        "softmax has no operation here; save the model without it and take the logits")
    case let name: throw call.unsupported("the activation '\(name)' is not known")
    }
  }

  /// Applies an operation that leaves the order of features alone.
  private mutating func pointwise(
    _ operation: any Operation, _ value: ValueID, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    let result = try apply(operation, value, call: call)
    if flattenedShapes[value] != nil { markFlattened(result, from: value) }
    return result
  }

  mutating func rectifier(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let slope = call.layer.config["negative_slope"]?.number ?? 0
    let threshold = call.layer.config["threshold"]?.number ?? 0
    guard threshold == 0, slope >= 0 else { throw call.unsupported("its threshold is not 0") }
    let operation: any Operation = slope == 0 ? ReLU() : LeakyReLU(slope: Float(slope))
    let value = try pointwise(operation, call.input(0), call)
    guard let limit = call.layer.config["max_value"]?.number else { return value }
    return try pointwise(Clip(minimum: -.infinity, maximum: Float(limit)), value, call)
  }

  mutating func leakyReLU(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let slope = call.layer.config["alpha"] ?? call.layer.config["negative_slope"]
    return try pointwise(LeakyReLU(slope: Float(slope?.number ?? 0.3)), call.input(0), call)
  }

  mutating func fold(
    _ operation: any Operation, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    var result = try call.input(0)
    for value in call.inputs.dropFirst() {
      guard flattenedShapes[result] == flattenedShapes[value] else {
        throw call.unsupported("it joins a flattened picture with other features")
      }
      let next = try apply(operation, result, value, call: call)
      if flattenedShapes[result] != nil { markFlattened(next, from: result) }
      result = next
    }
    return result
  }

  mutating func concatenate(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    guard [3, -1].contains(call.layer.config["axis"]?.integer ?? -1) else {
      throw call.unsupported("only channels can be joined")
    }
    return try assemble { assembler throws(ImportError) in
      try assembler.apply(Concat(), call.inputs, label: call.name)
    }
  }

  mutating func upsample(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    guard (call.layer.config["interpolation"]?.string ?? "nearest") == "nearest" else {
      throw call.unsupported("only nearest interpolation is known")
    }
    return try apply(
      UpsampleNearest(factor: call.pair("size", default: [2, 2])), call.input(0), call: call)
  }

  mutating func zeroPad(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let given = call.layer.config["padding"]
    let amounts = given?.integers ?? given?.integer.map { [$0, $0] }
    let rows = amounts?.map { [$0, $0] } ?? given?.array?.compactMap(\.integers) ?? []
    guard rows.count == 2, rows.allSatisfy({ $0.count == 2 }),
      rows.joined().allSatisfy({ (0...4096).contains($0) })
    else { throw call.unsupported("its padding is not ((top, bottom), (left, right))") }
    return try apply(
      Pad(mode: .zero, border: [rows[0][0], rows[1][0], rows[0][1], rows[1][1]]),
      call.input(0), call: call)
  }

  mutating func pool(
    _ mode: Pool.Mode, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    let kernel = try call.pair("pool_size")
    let stride = try call.pair("strides", default: kernel)
    let padding = try border(call, kernel: kernel, stride: stride, dilation: [1, 1])
    return try apply(
      Pool(
        mode: mode, window: Window(kernel: kernel, stride: stride, padding: padding),
        countsBorder: false),
      call.input(0), call: call)
  }

  mutating func globalAverage(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let mean = try apply(GlobalAverage(), call.input(0), call: call)
    if call.layer.config["keepdims"]?.bool == true { return mean }
    return try apply(Flatten(), mean, call: call)
  }

  mutating func flatten(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let input = try call.input(0)
    guard assembler.type(input).rank == 4 else { return input }
    let row = try apply(Flatten(), input, call: call)
    markFlattened(row, from: input)
    return row
  }

  /// A reshape that changes nothing, or flattens.
  mutating func reshape(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let input = try call.input(0)
    let lengths = assembler.type(input).dimensions.dropFirst().compactMap(\.fixedValue)
    let order = lengths.count == 3 ? [lengths[1], lengths[2], lengths[0]] : lengths
    guard let target = call.layer.config["target_shape"]?.integers else {
      throw call.unsupported("its target shape is not known")
    }
    if target == order { return input }
    let isFlat = target == [-1] || lengths.count == 3 && target == [lengths.reduce(1, *)]
    guard isFlat else { throw call.unsupported("only a reshape that flattens is known") }
    return try flatten(call)
  }

  /// Border cells of Keras' `padding`: TensorFlow's SAME puts the odd cell below and to the right.
  func border(
    _ call: KerasLayerCall, kernel: [Int], stride: [Int], dilation: [Int]
  ) throws(ImportError) -> [Int] {
    switch call.layer.config["padding"]?.string ?? "valid" {
    case "valid": return [0, 0, 0, 0]
    case "same": break
    case let name: throw call.unsupported("the padding '\(name)' is not known")
    }
    return try Border.tensorFlowSame(
      kernel: kernel, stride: stride, dilation: dilation,
      input: assembler.type(call.input(0)), label: call.name)
  }
}
