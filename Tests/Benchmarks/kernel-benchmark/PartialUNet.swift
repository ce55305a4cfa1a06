import GraphIR
import KernelLibrary
import TensorCore

/// The full-width partial-convolution U-Net with random weights, as `partial_conv` nodes.
///
/// Eight strided encoder layers and eight decoder layers over [skip, upsampled] pictures. Ratio and
/// bias planes are inputs: only the time of the convolutions is of interest. With narrow numbers
/// all pictures and weights are narrow but for the result.
struct PartialUNet {
  private static let encoder = [
    (64, 7), (128, 5), (256, 5), (512, 3), (512, 3), (512, 3), (512, 3), (512, 3),
  ]

  private(set) var graph = Graph(name: "partial_unet")
  private var inputs: [String: Tensor] = [:]
  private var state: UInt32 = 1
  private let size: Int
  private let numbers: Arithmetic
  private let isWideAtEnds: Bool
  private let quantization: Quantization

  /// - Parameter isWideAtEnds: whether the first and the last layer read an `f32` picture.
  static func make(
    size: Int, _ numbers: Arithmetic, isWideAtEnds: Bool
  ) throws -> (graph: VerifiedGraph, inputs: [String: Tensor]) {
    var network = try PartialUNet(size: size, numbers, isWideAtEnds)
    try network.build()
    return (try VerifiedGraph(network.graph), network.inputs)
  }

  private init(size: Int, _ numbers: Arithmetic, _ isWideAtEnds: Bool) throws {
    self.size = size
    self.numbers = numbers
    self.isWideAtEnds = isWideAtEnds
    quantization = try Quantization(scale: 0x1p-6, zeroPoint: 100)
  }

  private var storage: PictureStorage {
    switch numbers {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .integer8: .quantized(quantization)
    }
  }

  private mutating func build() throws {
    var picture = input("picture", channels: 3, size: size, random: true)
    if numbers != .float32, !isWideAtEnds {
      picture = try graph.apply(Narrow(to: storage), picture)
    }
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
    let types = parts.map { graph.type(of: $0.value)?.elementType }
    let operation = PartialConvolution(
      parts: zip(parts, types).map { part, type in
        .init(
          isMasked: true, upsampling: part.upsampling,
          quantization: type == .uint8 ? quantization : nil)
      },
      convolution: Convolution(
        stride: [stride, stride], padding: [Int](repeating: kernel / 2, count: 4)),
      hasScale: numbers == .integer8, hasRatio: true, biasPlanes: [false], activation: activation,
      storage: activation == .sigmoid ? .float32 : storage)
    var operands: [ValueID] = []
    for part in parts {
      let partSize = (stride == 2 ? size * 2 : size) / part.upsampling
      operands += [part.value, mask(partSize)]
    }
    let channels = parts.reduce(0) { $0 + $1.channels }
    let weights = tensor([outputs, channels, kernel, kernel], scale: 2 / Float(channels * kernel))
    let isNarrow = types.allSatisfy { $0 != .float32 }
    operands.append(graph.addConstant("\(label) weights", isNarrow ? stored(weights) : weights))
    if operation.hasScale {
      let scale = [Float](repeating: isNarrow ? largest(weights) / 127 : 1, count: outputs)
      operands.append(graph.addConstant("\(label) scale", Tensor(scale, shape: [outputs])))
    }
    operands.append(mask(size))
    operands.append(graph.addConstant("\(label) bias", tensor([outputs], scale: 1)))
    return try graph.add(operation, operands, label: label)[0]
  }

  /// Weights as the network's numbers.
  private func stored(_ weights: Tensor) -> Tensor {
    switch numbers {
    case .float32: return weights
    case .bfloat16: return weights.convertedToBFloat16()
    case .integer8:
      let (values, largest) = (weights.floatArray, largest(weights))
      return unsafe Tensor(elementType: .int8, shape: weights.shape) { bytes in
        for index in values.indices {
          let number = Int8((values[index] / largest * 127).rounded())
          unsafe bytes.storeBytes(of: number, toByteOffset: index, as: Int8.self)
        }
      }
    }
  }

  private func largest(_ tensor: Tensor) -> Float {
    tensor.floatArray.reduce(0) { max($0, abs($1)) }
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
