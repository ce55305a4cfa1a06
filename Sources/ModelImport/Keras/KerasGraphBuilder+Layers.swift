import GraphIR
import TensorCore

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
  private mutating func activated(
    _ value: ValueID, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    switch call.layer.config["activation"]?.string ?? "linear" {
    case "linear": return value
    case "relu": return try apply(ReLU(), value, call: call)
    case "sigmoid": return try apply(Sigmoid(), value, call: call)
    case "tanh": return try apply(Tanh(), value, call: call)
    case let name: throw call.unsupported("the activation '\(name)' is not known")
    }
  }

  mutating func rectifier(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let slope = call.layer.config["negative_slope"]?.number ?? 0
    let threshold = call.layer.config["threshold"]?.number ?? 0
    guard threshold == 0, slope >= 0 else { throw call.unsupported("its threshold is not 0") }
    let operation: any Operation = slope == 0 ? ReLU() : LeakyReLU(slope: Float(slope))
    let value = try apply(operation, call.input(0), call: call)
    guard let limit = call.layer.config["max_value"]?.number else { return value }
    return try apply(Clip(minimum: -.infinity, maximum: Float(limit)), value, call: call)
  }

  mutating func leakyReLU(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let slope = call.layer.config["alpha"] ?? call.layer.config["negative_slope"]
    return try apply(LeakyReLU(slope: Float(slope?.number ?? 0.3)), call.input(0), call: call)
  }

  mutating func fold(
    _ operation: any Operation, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    var result = try call.input(0)
    for value in call.inputs.dropFirst() { result = try apply(operation, result, value, call: call) }
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
    let rows = call.layer.config["padding"]?.array?.compactMap(\.integers) ?? []
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

  mutating func convolution(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let kernel = try call.pair("kernel_size")
    let stride = try call.pair("strides", default: [1, 1])
    let dilation = try call.pair("dilation_rate", default: [1, 1])
    guard (call.layer.config["data_format"]?.string ?? "channels_last") == "channels_last" else {
      throw call.unsupported("channels_first is not known")
    }
    let parameters = ConvolutionParameters(
      weight: try weight("kernel", call), bias: try bias(call, key: "\(call.name)/bias"),
      stride: stride, dilation: dilation,
      groups: call.layer.config["groups"]?.integer ?? 1,
      border: .zeros(try border(call, kernel: kernel, stride: stride, dilation: dilation)))
    let input = try call.input(0)
    let value = try assemble { assembler throws(ImportError) in
      try assembler.convolution(input, parameters, label: call.name)
    }
    return try activated(value, call)
  }

  mutating func partialConvolution(_ call: KerasLayerCall) throws(ImportError) -> [ValueID] {
    guard let description, let names = description.parameters["partial_convolution"] else {
      throw call.unsupported(
        "it looks like a partial convolution of unknown arithmetic; name its network with --network")
    }
    func key(_ role: String) -> String {
      (names[role] ?? "").replacing("{layer}", with: call.name)
    }
    guard let weight = try store.tensor(key("weight")) else {
      throw ImportError(.missingTensor, "the file has no weights '\(key("weight"))'")
    }
    let dilation = try call.pair("dilation_rate", default: [1, 1])
    let maskKernel = try store.tensor(key("mask_kernel")).map { (key("mask_kernel"), $0) }
    let parameters = ConvolutionParameters(
      weight: (key("weight"), weight), bias: try bias(call, key: key("bias")),
      maskKernel: maskKernel, stride: try call.pair("strides", default: [1, 1]),
      dilation: dilation,
      border: .zeros(
        Border.symmetric(kernel: Array(weight.shape[2...]), dilation: dilation)))
    let input = Features(image: try call.input(0), mask: try call.input(1))
    let features = try assemble { assembler throws(ImportError) in
      try assembler.partialConvolution(
        input, parameters, description.partialConvolution, label: call.name)
    }
    return [try activated(features.image, call)] + (features.mask.map { [$0] } ?? [])
  }

  mutating func batchNormalization(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let axis = call.layer.config["axis"]?.integers?.first ?? call.layer.config["axis"]?.integer
    guard [3, -1].contains(axis ?? -1) else { throw call.unsupported("its axis is not the last") }
    let input = try call.input(0)
    let epsilon = Float(call.layer.config["epsilon"]?.number ?? 1e-3)
    let parameters = BatchNormParameters(
      gamma: try optional("gamma", call), beta: try optional("beta", call),
      mean: try weight("moving_mean", call), variance: try weight("moving_variance", call),
      epsilon: epsilon, statistics: statistics(call))
    if parameters.statistics == .batch { countBatchStatistics() }
    return try assemble { assembler throws(ImportError) in
      try assembler.batchNormalization(input, parameters, label: call.name)
    }
  }

  private func statistics(_ call: KerasLayerCall) -> BatchNormalization.Statistics {
    switch batchNorm {
    case nil: return call.training == true ? .batch : .moving
    case .moving: return .moving
    case .batch:
      let patterns = description?.batchStatistics ?? ["*"]
      return patterns.contains { call.name.matches($0) } ? .batch : .moving
    }
  }

  /// Border cells of Keras' `padding`: TensorFlow's SAME puts the odd cell below and to the right.
  private func border(
    _ call: KerasLayerCall, kernel: [Int], stride: [Int], dilation: [Int]
  ) throws(ImportError) -> [Int] {
    switch call.layer.config["padding"]?.string ?? "valid" {
    case "valid": return [0, 0, 0, 0]
    case "same": break
    case let name: throw call.unsupported("the padding '\(name)' is not known")
    }
    let type = assembler.type(try call.input(0))
    var cells = [0, 0, 0, 0]
    for axis in 0..<2 {
      guard type.dimensions[2 + axis].isMultiple(of: stride[axis]) else {
        throw ImportError(
          .shapeMismatch, "layer '\(call.name)': \(type) is no multiple of its stride")
      }
      let total = max((kernel[axis] - 1) * dilation[axis] + 1 - stride[axis], 0)
      cells[axis] = total / 2
      cells[axis + 2] = total - total / 2
    }
    return cells
  }

  private func weight(_ role: String, _ call: KerasLayerCall) throws(ImportError) -> NamedTensor {
    guard let found = try optional(role, call) else {
      throw ImportError(.missingTensor, "layer '\(call.name)': the file has no '\(role)'")
    }
    return found
  }

  private func optional(
    _ role: String, _ call: KerasLayerCall
  ) throws(ImportError) -> NamedTensor? {
    let key = "\(call.name)/\(role)"
    return try store.tensor(key).map { (key, $0) }
  }

  private func bias(_ call: KerasLayerCall, key: String) throws(ImportError) -> NamedTensor? {
    guard call.layer.config["use_bias"]?.bool ?? true else { return nil }
    guard let tensor = try store.tensor(key) else {
      throw ImportError(.missingTensor, "layer '\(call.name)': the file has no bias '\(key)'")
    }
    return (key, tensor)
  }
}
