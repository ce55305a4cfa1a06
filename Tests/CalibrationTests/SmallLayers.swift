import GraphIR
import Imaging
import TensorCore

/// Two masked layers `one` and `two` with a ratio, a bias and a ReLU, a plain one `three` behind
/// them, and inputs.
struct SmallLayers {
  let graph: VerifiedGraph
  let samples: [[String: Tensor]]

  /// - Parameter gain: what the pictures are multiplied by in the holes, where no layer looks.
  init(gain: Float = 1) throws {
    var numbers = SeededNumbers(seed: 11)
    func tensor(_ shape: [Int], _ range: ClosedRange<Double>) -> Tensor {
      let count = Tensor.elementCount(of: shape)
      return Tensor((0..<count).map { _ in Float(numbers.number(in: range)) }, shape: shape)
    }
    var graph = Graph(name: "small")
    let image = graph.addInput("image", .image(.fixed(1), 3, .fixed(16), .fixed(16)))
    let mask = graph.addInput("mask", .image(.fixed(1), 1, .fixed(16), .fixed(16)))
    var value = image
    for (name, channels) in [("one", (3, 8)), ("two", (8, 8)), ("three", (8, 3))] {
      let weights = graph.addConstant(
        "\(name).w", tensor([channels.1, channels.0, 3, 3], -0.4...0.4))
      let bias = graph.addConstant("\(name).b", tensor([channels.1], -0.2...0.2))
      let isLast = name == "three"
      let operation = PartialConvolution(
        parts: [.init(isMasked: !isLast)], convolution: Convolution(padding: [1, 1, 1, 1]),
        hasRatio: !isLast, biasPlanes: [!isLast], activation: isLast ? .none : .relu)
      value = try graph.add(
        operation,
        PartialConvolution.inputs(
          .init(
            pictures: [value], masks: [isLast ? nil : mask], weights: weights,
            ratio: isLast ? nil : mask, biases: [(bias, isLast ? nil : mask)])), label: name)[0]
    }
    graph.addOutput("output", value)
    self.graph = try VerifiedGraph(graph)
    samples = (0..<2).map { sample in
      let holes = (0..<256).map { pixel in
        (4..<9).contains(pixel / 16) && pixel % 16 < 6 + sample ? Float(0) : 1
      }
      let picture = tensor([1, 3, 16, 16], 0...1).floatArray.enumerated().map { index, value in
        holes[index % 256] == 0 ? value * gain : value
      }
      return [
        "image": Tensor(picture, shape: [1, 3, 16, 16]),
        "mask": Tensor(holes, shape: [1, 1, 16, 16]),
      ]
    }
  }
}
