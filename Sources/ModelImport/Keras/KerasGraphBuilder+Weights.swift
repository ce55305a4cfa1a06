import GraphIR
import TensorCore

/// The layers with weights.
extension KerasGraphBuilder {
  mutating func convolution(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let groups = call.layer.config["groups"]?.integer ?? 1
    guard (1...65_536).contains(groups) else { throw call.unsupported("it has \(groups) groups") }
    return try activated(
      convolution(
        call.input(0), kernel: weight("kernel", call, kind: "convolution"), groups: groups,
        bias: bias(call, kind: "convolution"), call), call)
  }

  /// One filter or more per channel: a convolution of as many groups as there are channels.
  mutating func depthwiseConvolution(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let value = try perChannel(call, bias: bias(call, kind: "convolution"))
    return try activated(value, call)
  }

  mutating func separableConvolution(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let value = try perChannel(call, bias: nil)
    let kernel = try weight("pointwise_kernel", call, kind: "convolution")
    let parameters = ConvolutionParameters(
      weight: kernel, bias: try bias(call, kind: "convolution"), stride: [1, 1],
      border: .zeros([0, 0, 0, 0]))
    let result = try assemble { assembler throws(ImportError) in
      try assembler.convolution(value, parameters, label: call.name)
    }
    return try activated(result, call)
  }

  /// Keras stores `[kh, kw, C, M]`, which the store gives as `[M, C, kh, kw]`; a convolution in
  /// groups has its filter `c · M + m` there.
  private mutating func perChannel(
    _ call: KerasLayerCall, bias: NamedTensor?
  ) throws(ImportError) -> ValueID {
    let isNamed = try optional("depthwise_kernel", call, kind: "convolution") != nil
    let stored = try weight(isNamed ? "depthwise_kernel" : "kernel", call, kind: "convolution")
    let shape = stored.tensor.shape
    guard shape.count == 4 else {
      throw ImportError(.shapeMismatch, "tensor '\(stored.name)' \(shape) is no kernel")
    }
    let filters = stored.tensor.transposed([1, 0, 2, 3])
      .reshaped(to: [shape[0] * shape[1], 1, shape[2], shape[3]])
    return try convolution(
      call.input(0), kernel: (stored.name, filters), groups: shape[1], bias: bias, call)
  }

  private mutating func convolution(
    _ input: ValueID, kernel: NamedTensor, groups: Int, bias: NamedTensor?, _ call: KerasLayerCall
  ) throws(ImportError) -> ValueID {
    guard (call.layer.config["data_format"]?.string ?? "channels_last") == "channels_last" else {
      throw call.unsupported("channels_first is not known")
    }
    let size = try call.pair("kernel_size")
    guard kernel.tensor.shape.count == 4, Array(kernel.tensor.shape[2...]) == size else {
      throw ImportError(
        .shapeMismatch,
        "tensor '\(kernel.name)' \(kernel.tensor.shape) does not fit a kernel of \(size)")
    }
    let stride = try call.pair("strides", default: [1, 1])
    let dilation = try call.pair("dilation_rate", default: [1, 1])
    let parameters = ConvolutionParameters(
      weight: kernel, bias: bias, stride: stride, dilation: dilation, groups: groups,
      border: .zeros(try border(call, kernel: size, stride: stride, dilation: dilation)))
    return try assemble { assembler throws(ImportError) in
      try assembler.convolution(input, parameters, label: call.name)
    }
  }

  mutating func partialConvolution(_ call: KerasLayerCall) throws(ImportError) -> [ValueID] {
    guard let dialect, let names = description?.parameters["partial_convolution"] else {
      throw call.unsupported(
        "it looks like a partial convolution of unknown arithmetic; name its network with --network"
      )
    }
    let layer = try store.layerName(call.name, kind: "partial_convolution")
    func key(_ role: String) -> String {
      store.key((names[role] ?? "").replacing("{layer}", with: layer))
    }
    guard let weight = try store.tensor(key("weight")) else {
      throw ImportError(.missingTensor, "the file has no weights '\(key("weight"))'")
    }
    guard weight.shape.count == 4 else {
      throw ImportError(
        .shapeMismatch, "tensor '\(key("weight"))' \(weight.shape) is no kernel")
    }
    let kernel = Array(weight.shape[2...])
    let stride = try call.pair("strides", default: [1, 1])
    let dilation = try call.pair("dilation_rate", default: [1, 1])
    let border =
      switch dialect.padding {
      case .same: Border.symmetric(kernel: kernel, dilation: dilation)
      case .tensorFlowSame:
        try Border.tensorFlowSame(
          kernel: kernel, stride: stride, dilation: dilation,
          input: assembler.type(call.input(0)), label: call.name)
      }
    let maskKernel = try store.tensor(key("mask_kernel")).map { (key("mask_kernel"), $0) }
    let parameters = ConvolutionParameters(
      weight: (key("weight"), weight), bias: try bias(call, key: key("bias")),
      maskKernel: maskKernel, stride: stride, dilation: dilation, border: .zeros(border))
    let input = Features(image: try call.input(0), mask: try call.input(1))
    let features = try assemble { assembler throws(ImportError) in
      try assembler.partialConvolution(input, parameters, dialect, label: call.name)
    }
    return [try activated(features.image, call)] + (features.mask.map { [$0] } ?? [])
  }

  mutating func batchNormalization(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let config = call.layer.config
    let axis = config["axis"]?.integers?.first ?? config["axis"]?.integer
    guard [3, -1].contains(axis ?? -1) else { throw call.unsupported("its axis is not the last") }
    let input = try call.input(0)
    guard assembler.type(input).layout == .nchw else {
      throw call.unsupported("only pictures can be normalised")
    }
    let single = try optional("affine", call, kind: "batch_norm")
    let isScaled = config["scale"]?.bool ?? true
    let parameters = BatchNormParameters(
      gamma: try optional("gamma", call, kind: "batch_norm") ?? (isScaled ? single : nil),
      beta: try optional("beta", call, kind: "batch_norm") ?? (isScaled ? nil : single),
      mean: try weight("moving_mean", call, kind: "batch_norm"),
      variance: try weight("moving_variance", call, kind: "batch_norm"),
      epsilon: Float(config["epsilon"]?.number ?? 1e-3), statistics: statistics(call))
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
      return patterns.contains { call.layer.name.matches($0) } ? .batch : .moving
    }
  }

  /// A fully connected layer; over a picture, Keras applies it to the channels of each pixel.
  mutating func dense(_ call: KerasLayerCall) throws(ImportError) -> ValueID {
    let input = try call.input(0)
    var kernel = try weight("kernel", call, kind: "dense")
    guard kernel.tensor.shape.count == 2 else {
      throw ImportError(
        .shapeMismatch, "tensor '\(kernel.name)' \(kernel.tensor.shape) is no matrix")
    }
    let shape = kernel.tensor.shape
    let bias = try bias(call, kind: "dense")
    if assembler.type(input).rank == 4 {
      kernel.tensor = kernel.tensor.reshaped(to: shape + [1, 1])
      let parameters = ConvolutionParameters(
        weight: kernel, bias: bias, stride: [1, 1], border: .zeros([0, 0, 0, 0]))
      let value = try assemble { assembler throws(ImportError) in
        try assembler.convolution(input, parameters, label: call.name)
      }
      return try activated(value, call)
    }
    if let picture = flattenedShapes[input], picture.reduce(1, *) == shape[1] {
      kernel.tensor = kernel.tensor
        .reshaped(to: [shape[0], picture[1], picture[2], picture[0]])
        .transposed([0, 3, 1, 2]).reshaped(to: shape)
    }
    let value = try assemble { assembler throws(ImportError) in
      let zero = Tensor(Array(repeating: 0, count: shape[0]), shape: [shape[0]])
      let offset = bias ?? ("\(call.name)/no_bias", zero)
      return try assembler.apply(
        Dense(), input, assembler.constant(kernel.name, kernel.tensor),
        assembler.constant(offset.name, offset.tensor), label: call.name)
    }
    return try activated(value, call)
  }
}

extension KerasGraphBuilder {
  private func weight(
    _ role: String, _ call: KerasLayerCall, kind: String
  ) throws(ImportError) -> NamedTensor {
    guard let found = try optional(role, call, kind: kind) else {
      throw ImportError(.missingTensor, "layer '\(call.name)': the file has no '\(role)'")
    }
    return found
  }

  private func optional(
    _ role: String, _ call: KerasLayerCall, kind: String
  ) throws(ImportError) -> NamedTensor? {
    let key = "\(try store.layerName(call.name, kind: kind))/\(role)"
    return try store.tensor(key).map { (key, $0) }
  }

  private func bias(_ call: KerasLayerCall, kind: String) throws(ImportError) -> NamedTensor? {
    try bias(call, key: "\(store.layerName(call.name, kind: kind))/bias")
  }

  private func bias(_ call: KerasLayerCall, key: String) throws(ImportError) -> NamedTensor? {
    guard call.layer.config["use_bias"]?.bool ?? true else { return nil }
    guard let tensor = try store.tensor(key) else {
      throw ImportError(.missingTensor, "layer '\(call.name)': the file has no bias '\(key)'")
    }
    return (key, tensor)
  }
}
