import GraphIR
import TensorCore
import Testing

@Suite struct PartialConvolutionTests {
  private static func tensor(_ shape: [Int], _ seed: Int) -> Tensor {
    let values = (0..<Tensor.elementCount(of: shape)).map { Float(($0 * 37 + seed) % 23) / 8 - 1 }
    return Tensor(values, shape: shape)
  }

  private static let x = tensor([2, 2, 4, 4], 3)
  private static let y = tensor([2, 1, 8, 8], 5)
  private static let mask = Tensor(
    (0..<32).map { Float($0 % 3 == 0 ? 0 : $0 % 5 == 0 ? 0.5 : 1) }, shape: [2, 1, 4, 4])
  private static let weights = tensor([3, 3, 3, 3], 7)
  private static let vectors = (0..<3).map { tensor([3], 11 + $0) }
  private static let planes = [tensor([2, 1, 4, 8], 1), tensor([1, 1, 4, 8], 2)]
  private static let convolution = Convolution(stride: [2, 1], padding: [1, 1, 1, 1])

  /// What the operation says it is, from other operations and in its order.
  private func composition(
    hasScale: Bool, hasRatio: Bool, biases: [(Tensor, Tensor?)], activation: Activation
  ) -> Tensor {
    func vector(_ tensor: Tensor) -> Tensor { tensor.reshaped(to: [1, 3, 1, 1]) }
    let masked = Multiply().evaluate([Self.x, Self.mask])[0]
    let large = UpsampleNearest(factor: [2, 2]).evaluate([masked])[0]
    let joined = Concat().evaluate([large, Self.y])[0]
    var sum = Self.convolution.evaluate([joined, Self.weights])[0]
    if hasScale { sum = Multiply().evaluate([sum, vector(Self.vectors[0])])[0] }
    if hasRatio { sum = Multiply().evaluate([sum, Self.planes[0]])[0] }
    for (bias, plane) in biases {
      let term = plane.map { Multiply().evaluate([vector(bias), $0])[0] } ?? vector(bias)
      sum = Add().evaluate([sum, term])[0]
    }
    return activation.operation?.evaluate([sum])[0] ?? sum
  }

  @Test(arguments: 0..<32)
  func `is the composition of its parts, whichever there are`(_ choice: Int) throws {
    let activations: [Activation] = [.none, .relu, .tanh, .leakyReLU(slope: 0.25)]
    let activation = activations[choice / 8]
    let (hasScale, hasRatio, hasBias) = (choice & 1 == 1, choice & 2 == 2, choice & 4 == 4)
    let biases: [(Tensor, Tensor?)] =
      hasBias ? [(Self.vectors[1], Self.planes[1]), (Self.vectors[2], nil)] : []
    let operation = PartialConvolution(
      parts: [.init(isMasked: true, upsampling: 2), .init(isMasked: false)],
      convolution: Self.convolution, hasScale: hasScale, hasRatio: hasRatio,
      biasPlanes: biases.map { $0.1 != nil }, activation: activation)
    let inputs = PartialConvolution.inputs(
      PartialConvolution.Arguments(
        pictures: [Self.x, Self.y], masks: [Self.mask, nil], weights: Self.weights,
        scale: hasScale ? Self.vectors[0] : nil, ratio: hasRatio ? Self.planes[0] : nil,
        biases: biases.map { (vector: $0.0, plane: $0.1) }))
    #expect(inputs.count == operation.inputCount)
    let expected = composition(
      hasScale: hasScale, hasRatio: hasRatio, biases: biases, activation: activation)
    #expect(operation.evaluate(inputs) == [expected])
    let types = inputs.enumerated().map { index, tensor in
      var type = ValueType(of: tensor)
      if type.rank == 4, tensor.shape[0] < 3 { type.layout = .nchw }
      return type
    }
    #expect(try operation.resultTypes(types)[0].fixedShape == expected.shape)
  }

  @Test func `rejects planes of another size or batch`() throws {
    let operation = PartialConvolution(
      parts: [.init(isMasked: true)], convolution: Convolution())
    let weights = ValueType(.float32, [.fixed(1), .fixed(2), .fixed(1), .fixed(1)], layout: .plain)
    let batch = Dimension.symbol(Symbol("N"))
    let picture = ValueType.image(batch, 2, .fixed(4), .fixed(4))
    for mask in [
      ValueType.image(batch, 2, .fixed(4), .fixed(4)), .image(batch, 1, .fixed(4), .fixed(5)),
      .image(.fixed(3), 1, .fixed(4), .fixed(4)), .image(batch, 1, .fixed(1), .fixed(1)),
    ] {
      let fault = #expect(throws: GraphError.self) {
        try operation.resultTypes([picture, mask, weights])
      }
      #expect(fault?.code == .badShape)
    }
    let shared = ValueType.image(.fixed(1), 1, .fixed(4), .fixed(4))
    #expect(try operation.resultTypes([picture, shared, weights]).count == 1)
    #expect(throws: GraphError.self) {
      try PartialConvolution(parts: [], convolution: Convolution()).resultTypes([weights])
    }
  }
}
