import GraphIR
import GraphPasses
import Imaging
import ModelFile
import TensorCore

@testable import ModelChecking

/// A partial-convolution network of two layers, as an importer would build it, and its .pcm form.
struct SmallNetwork {
  static let inputs: [String: Tensor] = {
    let shape = [1, 3, 16, 16]
    var numbers = SeededNumbers(seed: 7)
    var mask: [Float] = []
    for _ in 0..<3 {
      for pixel in 0..<256 { mask.append((4..<10).contains(pixel / 16) && pixel % 16 < 9 ? 0 : 1) }
    }
    let image = (0..<768).map { index in Float(numbers.number(in: 0...1)) * mask[index] }
    return ["image": Tensor(image, shape: shape), "mask": Tensor(mask, shape: shape)]
  }()

  /// Changes that a converter could get wrong.
  struct Fault {
    var epsilon: Float = 1e-3
    /// Scales one weight of the second layer.
    var weightFactor: Float = 1
    /// Swaps rows and columns of the first layer's kernel.
    var transposesKernel = false
    /// Adds the batch norm's shift to the convolution's bias, before the mask clears holes.
    var shiftsBeforeMask = false
  }

  static func imported(_ fault: Fault = Fault()) throws -> VerifiedGraph {
    var graph = Graph(name: "small")
    let height = Dimension.symbol(Symbol("H"))
    let width = Dimension.symbol(Symbol("W"))
    let batch = Dimension.symbol(Symbol("N"))
    let image = graph.addInput("image", .image(batch, 3, height, width))
    let mask = graph.addInput("mask", .image(batch, 3, height, width))
    var numbers = SeededNumbers(seed: 3)
    func random(_ shape: [Int], _ range: ClosedRange<Double>) -> Tensor {
      Tensor(
        (0..<shape.reduce(1, *)).map { _ in Float(numbers.number(in: range)) }, shape: shape)
    }
    var (value, valid) = (image, mask)
    for (index, name) in ["first", "second"].enumerated() {
      let channels = index == 0 ? 3 : 4
      let filters = index == 0 ? 4 : 3
      var kernel = random([filters, channels, 3, 3], -0.5...0.5)
      if index == 0, fault.transposesKernel { kernel = kernel.transposed([0, 1, 3, 2]) }
      if index == 1 {
        var values = kernel.floatArray
        values[10] *= fault.weightFactor
        kernel = Tensor(values, shape: kernel.shape)
      }
      let vectors = (0..<4).map { part in random([filters], part == 3 ? 0.001...0.01 : -0.5...0.5) }
      let layer = Layer(
        name: name, kernel: kernel, vectors: vectors, epsilon: index == 0 ? fault.epsilon : 1e-3,
        shiftsBeforeMask: index == 0 && fault.shiftsBeforeMask)
      (value, valid) = try layer.add(to: &graph, value, valid)
    }
    graph.addOutput("output", value)
    return try VerifiedGraph(graph)
  }

  static func stored(_ fault: Fault = Fault()) throws -> StoredModel {
    let (graph, records) = try PassPipeline.standard.run(imported(fault))
    return StoredModel(
      graph: graph,
      provenance: Provenance(
        toolVersion: "test", family: "small", title: "Two layers",
        passes: records.map {
          Provenance.Pass(
            name: $0.name, exactness: $0.exactness.rawValue, rewriteCount: $0.rewrites.count)
        }))
  }

  /// What the network computes by its scalar meaning.
  static func output() throws -> Tensor {
    try GraphRunner.interpreter(imported()).run(inputs)[0].tensor
  }
}

/// `act(norm(select(conv(x · m) · ratio + b)))`.
private struct Layer {
  let name: String
  let kernel: Tensor
  /// Gamma, beta, mean, variance.
  let vectors: [Tensor]
  let epsilon: Float
  let shiftsBeforeMask: Bool

  func add(
    to graph: inout Graph, _ image: ValueID, _ mask: ValueID
  ) throws -> (ValueID, ValueID) {
    let convolution = Convolution(padding: [1, 1, 1, 1])
    let filters = kernel.shape[0]
    let ones = try graph.apply(Fill(1, shape: kernel.shape))
    let masked = try graph.apply(Multiply(), image, mask, label: name)
    let weights = graph.addConstant("\(name).weight", kernel)
    let raw = try graph.apply(convolution, masked, weights, label: name)
    let sums = try graph.apply(convolution, mask, ones, label: name)
    let zero = try graph.apply(Fill.scalar(0))
    let one = try graph.apply(Fill.scalar(1))
    let isHole = try graph.apply(Equal(), sums, zero, label: name)
    let divisor = try graph.apply(Select(), isHole, one, sums, label: name)
    var value = try graph.apply(Divide(), raw, divisor, label: name)
    let shape = [1, filters, 1, 1]
    var beta = vectors[1].floatArray
    if shiftsBeforeMask {
      let moved = graph.addConstant("\(name).moved", Tensor(beta, shape: shape))
      value = try graph.apply(Add(), value, moved, label: name)
      beta = beta.map { _ in 0 }
    }
    value = try graph.apply(Select(), isHole, zero, value, label: name)
    let parameters = [vectors[0], Tensor(beta, shape: [filters]), vectors[2], vectors[3]]
    let names = ["gamma", "beta", "mean", "variance"]
    let constants = zip(names, parameters).map {
      graph.addConstant("\(name).\($0)", $1)
    }
    value = try graph.add(
      BatchNormalization(epsilon: epsilon, statistics: .moving), [value] + constants,
      label: "\(name).bn")[0]
    if name == "first" { value = try graph.apply(LeakyReLU(slope: 0.2), value) }
    return (value, try graph.apply(Select(), isHole, zero, one, label: name))
  }
}
