import GraphIR
import TensorCore

/// The full-width partial-convolution U-Net with random weights, as `partial_conv` nodes.
///
/// Eight strided encoder layers and eight decoder layers over [skip, upsampled] pictures. Ratio and
/// bias planes are inputs: only the time of the convolutions is of interest.
struct PartialUNet {
  private static let encoder = [
    (64, 7), (128, 5), (256, 5), (512, 3), (512, 3), (512, 3), (512, 3), (512, 3),
  ]

  private(set) var graph = Graph(name: "partial_unet")
  private var inputs: [String: Tensor] = [:]
  private var state: UInt32 = 1
  private let size: Int

  static func make(size: Int) throws -> (graph: VerifiedGraph, inputs: [String: Tensor]) {
    var network = PartialUNet(size: size)
    try network.build()
    return (try VerifiedGraph(network.graph), network.inputs)
  }

  private init(size: Int) { self.size = size }

  private mutating func build() throws {
    let picture = input("picture", channels: 3, size: size, random: true)
    var skips: [(value: ValueID, channels: Int)] = [(picture, 3)]
    for (level, layer) in Self.encoder.enumerated() {
      let from = skips[level]
      let result = try convolution(
        "encoder \(level + 1)", [(from.value, from.channels, 1)], outputs: layer.0,
        kernel: layer.1, stride: 2, size: size >> (level + 1), activation: .relu)
      skips.append((result, layer.0))
    }
    var current = skips.removeLast()
    for (level, skip) in skips.enumerated().reversed() {
      let outputs = level == 0 ? 3 : skip.channels
      let result = try convolution(
        "decoder \(8 - level)",
        [(skip.value, skip.channels, 1), (current.value, current.channels, 2)],
        outputs: outputs, kernel: 3, stride: 1, size: size >> level,
        activation: level == 0 ? .sigmoid : .leakyReLU(slope: 0.2))
      current = (result, outputs)
    }
    graph.addOutput("output", current.value)
  }

  private mutating func convolution(
    _ label: String, _ parts: [(value: ValueID, channels: Int, upsampling: Int)], outputs: Int,
    kernel: Int, stride: Int, size: Int, activation: Activation
  ) throws -> ValueID {
    let operation = PartialConvolution(
      parts: parts.map { .init(isMasked: true, upsampling: $0.upsampling) },
      convolution: Convolution(
        stride: [stride, stride], padding: [Int](repeating: kernel / 2, count: 4)),
      hasRatio: true, biasPlanes: [false], activation: activation)
    var operands: [ValueID] = []
    for part in parts {
      let partSize = (stride == 2 ? size * 2 : size) / part.upsampling
      operands += [part.value, mask(partSize)]
    }
    let channels = parts.reduce(0) { $0 + $1.channels }
    let weights = tensor([outputs, channels, kernel, kernel], scale: 2 / Float(channels * kernel))
    operands.append(graph.addConstant("\(label) weights", weights))
    operands.append(mask(size))
    operands.append(graph.addConstant("\(label) bias", tensor([outputs], scale: 1)))
    return try graph.add(operation, operands, label: label)[0]
  }

  private var masks: [Int: ValueID] = [:]

  private mutating func mask(_ size: Int) -> ValueID {
    if let known = masks[size] { return known }
    let made = input("mask\(size)", channels: 1, size: size, random: false)
    masks[size] = made
    return made
  }

  private mutating func input(
    _ name: String, channels: Int, size: Int, random: Bool
  ) -> ValueID {
    let shape = [1, channels, size, size]
    inputs[name] =
      random
      ? tensor(shape, scale: 1)
      : Tensor([Float](repeating: 1, count: size * size), shape: shape)
    return graph.addInput(name, .image(.fixed(1), channels, .fixed(size), .fixed(size)))
  }

  private mutating func tensor(_ shape: [Int], scale: Float) -> Tensor {
    Tensor(
      (0..<Tensor.elementCount(of: shape)).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return (Float(state >> 8) * 0x1p-23 - 1) * scale
      }, shape: shape)
  }
}
