public import TensorCore

/// NVIDIA's partial convolution over volumes, with its arithmetic in order.
///
/// With s the sum of the mask in the window over all channels and V the window's cells over all
/// channels: `ratio = V / (s + epsilon) · clip(s, 0, 1)`; without bias `y = conv(x·m) · ratio`, with it
/// `y = ((conv(x·m) + b - b) · ratio + b) · clip(s, 0, 1)`. Inputs `x` and `mask: [N, C, D, H, W]`,
/// `w: [O, C, kd, kh, kw]` and, when `bias` is 1, `b: [O]`. Results: y and the updated mask
/// `clip(s, 0, 1)`, both `[N, O, D', H', W']`.
/// - Source: NVIDIA/partialconv @610d373 models/partialconv3d.py with multi_channel.
public struct PartialConvolution3D: Operation {
  public static let mnemonic = "partial_conv_3d"
  /// Steps along depth, rows and columns.
  public let stride: [Int]
  /// Zero cells on both sides along depth, rows and columns.
  public let padding: [Int]
  public let dilation: [Int]
  public let epsilon: Float
  public let hasBias: Bool

  public init(
    stride: [Int] = [1, 1, 1], padding: [Int] = [0, 0, 0], dilation: [Int] = [1, 1, 1],
    epsilon: Float = 1e-8, hasBias: Bool = false
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.epsilon = epsilon
    self.hasBias = hasBias
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    hasBias = try attributes.flag("bias")
    dilation = try attributes.integers("dilation", count: 3, in: Window.sizes)
    epsilon = try attributes.float("epsilon")
    padding = try attributes.integers("padding", count: 3, in: Window.borders)
    stride = try attributes.integers("stride", count: 3, in: Window.sizes)
  }

  public var attributes: Attributes {
    [
      "bias": .integer(hasBias ? 1 : 0), "dilation": .integers(dilation),
      "epsilon": .float(epsilon), "padding": .integers(padding), "stride": .integers(stride),
    ]
  }
  public var exactness: Exactness { .reassociates }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, (hasBias ? 4 : 3)...(hasBias ? 4 : 3))
    for input in inputs { try requireFloat(input) }
    guard inputs[0].rank == 5, inputs[1].dimensions == inputs[0].dimensions,
      let kernel = inputs[2].fixedShape, kernel.count == 5,
      inputs[0].dimensions[1] == .fixed(kernel[1]), kernel.allSatisfy(Window.sizes.contains)
    else {
      throw GraphError(
        .badShape, "partial_conv_3d of \(inputs[0]) and mask \(inputs[1]) by \(inputs[2])")
    }
    if hasBias { try requireVector(inputs[3], count: kernel[0], "bias") }
    var result = inputs[0]
    result.dimensions[1] = .fixed(kernel[0])
    for axis in 0..<3 {
      let extent = (kernel[2 + axis] - 1) * dilation[axis] + 1
      let length = inputs[0].dimensions[2 + axis].adding(2 * padding[axis])
        .windowCount(extent: extent, stride: stride[axis])
      if let count = length.fixedValue, count < 1 {
        throw GraphError(.badShape, "partial_conv_3d: the window is larger than \(inputs[0])")
      }
      result.dimensions[2 + axis] = length
    }
    return [result, result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let masked = Multiply().evaluate([inputs[0], inputs[1]])[0]
    let kernel = inputs[2].shape
    let volume = VolumeWindow(input: inputs[0].shape, kernel: kernel, operation: self)
    let sums = volume.convolve(masked.floatArray, inputs[2].floatArray)
    let oneFilter = [Float](repeating: 1, count: kernel.dropFirst().reduce(1, *))
    let windowSums = volume.convolve(inputs[1].floatArray, oneFilter, filters: 1)
    let bias = hasBias ? inputs[3].floatArray : []
    let cells = Float(oneFilter.count)
    let area = volume.size.reduce(1, *)
    var output = sums
    var mask = sums
    for index in sums.indices {
      let channel = index / area % kernel[0]
      let sum = windowSums[index / (area * kernel[0]) * area + index % area]
      let clipped = Clip(minimum: 0, maximum: 1).apply(sum)
      let ratio = cells / (sum + epsilon) * clipped
      mask[index] = clipped
      output[index] =
        hasBias
        ? ((sums[index] + bias[channel] - bias[channel]) * ratio + bias[channel]) * clipped
        : sums[index] * ratio
    }
    let shape = [inputs[0].shape[0], kernel[0]] + volume.size
    return [Tensor(output, shape: shape), Tensor(mask, shape: shape)]
  }
}

/// The scalar loops of a convolution over volumes.
private struct VolumeWindow {
  let input: [Int]
  let kernel: [Int]
  let operation: PartialConvolution3D
  /// Depth, rows and columns of the result.
  let size: [Int]

  init(input: [Int], kernel: [Int], operation: PartialConvolution3D) {
    self.input = input
    self.kernel = kernel
    self.operation = operation
    size = (0..<3).map { axis in
      let extent = (kernel[2 + axis] - 1) * operation.dilation[axis] + 1
      return (input[2 + axis] + 2 * operation.padding[axis] - extent) / operation.stride[axis] + 1
    }
  }

  /// Sums in f64, rounded once; `filters` output channels from `weights [filters, C, kd, kh, kw]`.
  func convolve(_ x: [Float], _ weights: [Float], filters: Int? = nil) -> [Float] {
    let filters = filters ?? kernel[0]
    var result: [Float] = []
    result.reserveCapacity(input[0] * filters * size.reduce(1, *))
    for image in 0..<input[0] {
      for filter in 0..<filters {
        for depth in 0..<size[0] {
          for row in 0..<size[1] {
            for column in 0..<size[2] {
              let sum = windowSum(
                x, weights, image: image, filter: filter, position: [depth, row, column])
              result.append(Float(sum))
            }
          }
        }
      }
    }
    return result
  }

  private func windowSum(
    _ x: [Float], _ weights: [Float], image: Int, filter: Int, position: [Int]
  ) -> Double {
    var sum = 0.0
    for channel in 0..<kernel[1] {
      let volume = (image * input[1] + channel) * input[2]
      for u in 0..<kernel[2] {
        guard let z = cell(position, u, axis: 0) else { continue }
        for v in 0..<kernel[3] {
          guard let y = cell(position, v, axis: 1) else { continue }
          let line = ((volume + z) * input[3] + y) * input[4]
          let taps = (((filter * kernel[1] + channel) * kernel[2] + u) * kernel[3] + v) * kernel[4]
          for w in 0..<kernel[4] {
            guard let column = cell(position, w, axis: 2) else { continue }
            sum += Double(x[line + column]) * Double(weights[taps + w])
          }
        }
      }
    }
    return sum
  }

  private func cell(_ position: [Int], _ tap: Int, axis: Int) -> Int? {
    let cell =
      position[axis] * operation.stride[axis] + tap * operation.dilation[axis]
      - operation.padding[axis]
    return cell >= 0 && cell < input[2 + axis] ? cell : nil
  }
}
