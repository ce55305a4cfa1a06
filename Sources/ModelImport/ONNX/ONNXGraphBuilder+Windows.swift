import GraphIR
import TensorCore

extension ONNXGraphBuilder {
  /// Conv: kernel, bias, padding in every form, groups and dilations, in two dimensions.
  mutating func convolution(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let weights = try constant(call, 1)
    let shape = weights.tensor.shape
    guard shape.count == 4, weights.tensor.elementType == .float32, !shape.contains(0),
      shape[2] <= 4096, shape[3] <= 4096
    else {
      throw call.unsupported("its kernel has shape \(shape); [O, C, kh, kw] is supported")
    }
    let given = try call.integers(
      "kernel_shape", count: 2, in: 1...4096, default: Array(shape[2...]))
    guard given == Array(shape[2...]) else {
      throw call.unsupported("attribute 'kernel_shape' is \(given), the kernel \(shape)")
    }
    let dilation = try call.integers("dilations", count: 2, in: 1...4096, default: [1, 1])
    let window = try window(call, kernel: given, dilation: dilation)
    let operation = Convolution(
      stride: window.stride, padding: window.padding, dilation: dilation,
      groups: try call.integer("group", default: 1, in: 1...65_536))
    if let input = try call.input(0).constantPart {
      return try foldedConvolution(operation, input, weights, call)
    }
    let sum = try assembler.apply(
      operation, image(call), kernel(weights), label: call.label)
    guard call.optionalInput(2) != nil else { return [.graph(sum)] }
    let bias = try vector(call, 2)
    if bias.tensor.floatArray.allSatisfy({ $0 == 0 }) { return [.graph(sum)] }
    let channels = try assembler.channelVector(bias.name + ":bias", bias.tensor)
    return [.graph(try assembler.apply(Add(), sum, channels, label: call.label))]
  }

  /// Kernels whose elements are all equal, as those of masks are, are not stored.
  private mutating func kernel(_ weights: ONNXConstant) throws(ImportError) -> ValueID {
    guard let value = weights.uniformValue else {
      return try assembler.constant(weights.name, weights.tensor)
    }
    return try assembler.apply(Fill(value, shape: weights.tensor.shape), label: "")
  }

  /// The convolution of a stored picture, such as the mask of ones that NVIDIA's padding sees.
  private mutating func foldedConvolution(
    _ operation: Convolution, _ input: ONNXConstant, _ weights: ONNXConstant,
    _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    guard call.optionalInput(2) == nil, input.tensor.shape.count == 4,
      input.tensor.elementType == .float32, !input.tensor.shape.contains(0)
    else { throw call.unsupported("convolves a constant in a form that is not supported") }
    var type = ValueType(of: input.tensor)
    type.layout = .nchw
    let shape = try resultShape(operation, [type, ValueType(of: weights.tensor)], call)
    let volume = weights.tensor.shape.dropFirst().reduce(1.0) { $0 * Double($1) }
    try countFolded(shape.reduce(1.0) { $0 * Double($1) } * volume, call)
    let result = operation.evaluate([input.tensor, weights.tensor])[0]
    return [.constant(ONNXConstant(name: call.constantName + ":folded", tensor: result))]
  }

  mutating func pool(
    _ mode: Pool.Mode, _ call: ONNXNodeCall
  ) throws(ImportError) -> [ONNXValue] {
    try call.require("ceil_mode", is: 0)
    try call.require("storage_order", is: 0)
    let kernel = try call.integers("kernel_shape", count: 2, in: 1...4096, default: [])
    let dilation = try call.integers("dilations", count: 2, in: 1...4096, default: [1, 1])
    guard dilation == [1, 1] else { throw call.unsupported("attribute 'dilations' is \(dilation)") }
    let window = try window(call, kernel: kernel, dilation: dilation)
    let counts = try call.integer("count_include_pad", default: 0, in: 0...1) == 1
    let operation = Pool(mode: mode, window: window, countsBorder: mode == .maximum || counts)
    return [.graph(try assembler.apply(operation, image(call), label: call.label))]
  }

  /// The mean over all rows and columns, of a picture of fixed size.
  mutating func globalAveragePool(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let input = try image(call)
    guard let height = assembler.type(input).dimensions[2].fixedValue,
      let width = assembler.type(input).dimensions[3].fixedValue, max(height, width) <= 4096
    else {
      throw call.unsupported(
        "the mean of a picture of open size is not supported; export with fixed height and width")
    }
    let operation = Pool(
      mode: .average, window: Window(kernel: [height, width], stride: [1, 1]))
    return [.graph(try assembler.apply(operation, input, label: call.label))]
  }

  /// ReduceMean over rows and columns is a global average pool.
  mutating func reduceMean(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let stated = try call.integers(attribute: "axes", orInput: 1)
    let axes = stated?.map { $0 < 0 && $0 >= -4 ? $0 + 4 : $0 }.sorted()
    guard axes == [2, 3] else {
      throw call.unsupported("reduces axes \(axes ?? []); rows and columns are supported")
    }
    let mean = try globalAveragePool(call)
    guard try call.integer("keepdims", default: 1) == 0, case .graph(let id) = mean[0] else {
      return mean
    }
    return [.graph(try assembler.apply(Flatten(), id, label: call.label))]
  }

  private func window(
    _ call: ONNXNodeCall, kernel: [Int], dilation: [Int]
  ) throws(ImportError) -> Window {
    var window = Window(
      kernel: kernel,
      stride: try call.integers("strides", count: 2, in: 1...4096, default: [1, 1]),
      dilation: dilation)
    switch try call.text("auto_pad", default: "NOTSET") {
    case "NOTSET":
      window.padding = try call.integers("pads", count: 4, in: 0...4096, default: [0, 0, 0, 0])
    case "VALID": break
    case "SAME_UPPER": try pad(&window, isUpper: true, call)
    case "SAME_LOWER": try pad(&window, isUpper: false, call)
    case let other: throw call.unsupported("attribute 'auto_pad' is '\(other.shown)'")
    }
    return window
  }

  /// The border with which the result has `ceil(length / stride)` positions.
  private func pad(
    _ window: inout Window, isUpper: Bool, _ call: ONNXNodeCall
  ) throws(ImportError) {
    let lengths = dimensions(try call.input(0))
    guard lengths.count == 4 else { throw call.unsupported("its input is no picture") }
    for axis in 0..<2 {
      let (stride, extent) = (window.stride[axis], window.extent(axis: axis))
      let last: Int
      if lengths[2 + axis].isMultiple(of: stride) {
        last = stride
      } else if let length = lengths[2 + axis].fixedValue {
        last = length % stride
      } else {
        throw ImportError(
          .shapeMismatch, "node '\(call.node.displayName)': its border depends on the size")
      }
      let total = max(extent - last, 0)
      guard total <= 8192 else { throw call.unsupported("needs a border of \(total)") }
      window.padding[axis] = isUpper ? total / 2 : total - total / 2
      window.padding[axis + 2] = total - window.padding[axis]
    }
  }

  /// A border of zeros, or of the opposite edge (`wrap`).
  mutating func pad(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    guard let pads = try call.integers(attribute: "pads", orInput: 1),
      pads.count == 8 || pads.count == 4
    else {
      throw call.unsupported("its borders are not those of a picture")
    }
    var border = pads
    if pads.count == 8 {
      border = [pads[2], pads[3], pads[6], pads[7]]
      guard [pads[0], pads[1], pads[4], pads[5]] == [0, 0, 0, 0] else {
        throw call.unsupported("adds images or channels")
      }
    } else if try call.integers(3) != [2, 3] {
      throw call.unsupported("its borders are not those of rows and columns")
    }
    guard border.allSatisfy({ (0...4096).contains($0) }) else {
      throw call.unsupported("its borders \(border) are not in 0...4096")
    }
    let mode: Pad.Mode
    switch try call.text("mode", default: "constant") {
    case "constant": mode = .zero
    case "wrap": mode = .circular
    case let other:
      throw call.unsupported(
        "attribute 'mode' is '\(other.shown)'; 'constant' and 'wrap' are known")
    }
    let fill = call.optionalInput(2).map { $0.asTensor(call, 2).isUniform(0) }
    let attribute = try call.float("value", default: 0)
    guard fill ?? (attribute == 0) else {
      throw call.unsupported("its border is not 0")
    }
    if border == [0, 0, 0, 0] { return [try call.input(0)] }
    return [
      .graph(try assembler.apply(Pad(mode: mode, border: border), image(call), label: call.label))
    ]
  }

  mutating func batchNormalization(_ call: ONNXNodeCall) throws(ImportError) -> [ONNXValue] {
    let isTraining = try call.integer("training_mode", default: 0) == 1
    let parameters = BatchNormParameters(
      gamma: try vector(call, 1), beta: try vector(call, 2), mean: try vector(call, 3),
      variance: try vector(call, 4), epsilon: try call.float("epsilon", default: 1e-5),
      statistics: request.batchNorm?.statistics ?? (isTraining ? .batch : .moving))
    return [
      .graph(try assembler.batchNormalization(image(call), parameters, label: call.label))
    ]
  }
}
