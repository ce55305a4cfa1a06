public import TensorCore

/// Cross-correlation without bias: `y[n,o,i,j] = Σ x[n,c,i·s+u·d-p,j·s+v·d-p] · w[o,c,u,v]`.
///
/// Inputs `x: [N, C, H, W]` and `w: [O, C/groups, kh, kw]`; outside the picture x is 0.
public struct Convolution: Operation {
  public static let mnemonic = "convolution"
  public let stride: [Int]
  /// Zero border: top, left, bottom, right.
  public let padding: [Int]
  public let dilation: [Int]
  public let groups: Int

  public init(
    stride: [Int] = [1, 1], padding: [Int] = [0, 0, 0, 0], dilation: [Int] = [1, 1],
    groups: Int = 1
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    dilation = try attributes.integers("dilation", count: 2, in: Window.sizes)
    groups = try attributes.integer("groups")
    padding = try attributes.integers("padding", count: 4, in: Window.borders)
    stride = try attributes.integers("stride", count: 2, in: Window.sizes)
    guard (1...1_000_000).contains(groups) else {
      throw GraphError(.badAttribute, "groups of convolution must be in 1...1000000")
    }
  }

  public var attributes: Attributes {
    [
      "dilation": .integers(dilation), "groups": .integer(groups),
      "padding": .integers(padding), "stride": .integers(stride),
    ]
  }
  public var exactness: Exactness { .reassociates }

  /// The sliding window for a kernel of `shape` `[O, C, kh, kw]`.
  public func window(kernelShape shape: [Int]) -> Window {
    Window(
      kernel: Array(shape[2...]), stride: stride, dilation: dilation, padding: padding)
  }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 2...2)
    try requireImage(inputs[0])
    try requireFloat(inputs[1])
    let channels = try channelCount(inputs[0])
    guard let kernel = inputs[1].fixedShape, kernel.count == 4, kernel.allSatisfy({ $0 > 0 }),
      kernel[2...].allSatisfy(Window.sizes.contains), kernel[0] % groups == 0,
      kernel[1] * groups == channels
    else {
      throw GraphError(
        .badShape, "convolution of \(inputs[0]) in \(groups) groups by a kernel \(inputs[1])")
    }
    return [
      try windowedType(inputs[0], channels: kernel[0], window(kernelShape: kernel))
    ]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    [
      DirectConvolution(
        input: inputs[0].shape, kernel: inputs[1].shape,
        window: window(kernelShape: inputs[1].shape), groups: groups
      ).run(inputs[0].floatArray, inputs[1].floatArray)
    ]
  }
}

/// The scalar loops of a convolution, one output row at a time.
struct DirectConvolution {
  let input: [Int]
  let kernel: [Int]
  let window: Window
  let groups: Int

  private var height: Int { length(axis: 0) }
  private var width: Int { length(axis: 1) }

  private func length(axis: Int) -> Int {
    window.resultLength(of: .fixed(input[2 + axis]), axis: axis).fixedValue ?? 0
  }

  func run(_ x: [Float], _ weights: [Float]) -> Tensor {
    let (height, width) = (height, width)
    var result: [Float] = []
    result.reserveCapacity(input[0] * kernel[0] * height * width)
    for image in 0..<input[0] {
      for channel in 0..<kernel[0] {
        for row in 0..<height {
          var sums = [Double](repeating: 0, count: width)
          accumulate(x, weights, image: image, channel: channel, row: row, into: &sums)
          result.append(contentsOf: sums.lazy.map(Float.init))
        }
      }
    }
    return Tensor(result, shape: [input[0], kernel[0], height, width])
  }

  private func accumulate(
    _ x: [Float], _ weights: [Float], image: Int, channel: Int, row: Int,
    into sums: inout [Double]
  ) {
    let group = channel / (kernel[0] / groups)
    for inner in 0..<kernel[1] {
      let plane = (image * input[1] + group * kernel[1] + inner) * input[2]
      for u in 0..<kernel[2] {
        let y = row * window.stride[0] + u * window.dilation[0] - window.padding[0]
        guard y >= 0, y < input[2] else { continue }
        for v in 0..<kernel[3] {
          let weight = Double(
            weights[((channel * kernel[1] + inner) * kernel[2] + u) * kernel[3] + v])
          let shift = v * window.dilation[1] - window.padding[1]
          for column in sums.indices {
            let position = column * window.stride[1] + shift
            if position >= 0, position < input[3] {
              sums[column] += weight * Double(x[(plane + y) * input[3] + position])
            }
          }
        }
      }
    }
  }
}
