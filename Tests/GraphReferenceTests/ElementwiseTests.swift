import GraphIR
import TensorCore
import Testing

@Suite struct ElementwiseTests {
  private let row = Tensor([1, 2, 3, 4], shape: [1, 1, 2, 2])

  @Test func `broadcasts every axis of length 1`() {
    let channels = Tensor([10, 20], shape: [1, 2, 1, 1])
    expect(
      Add(), of: [row, channels], gives: [11, 12, 13, 14, 21, 22, 23, 24], shape: [1, 2, 2, 2])
    let images = Tensor([1, -1], shape: [2, 1, 1, 1])
    let columns = Tensor([1, 2], shape: [1, 1, 1, 2])
    expect(Multiply(), of: [images, columns], gives: [1, 2, -1, -2], shape: [2, 1, 1, 2])
    let rows = Tensor([10, 20], shape: [1, 1, 2, 1])
    expect(Subtract(), of: [columns, rows], gives: [-9, -8, -19, -18], shape: [1, 1, 2, 2])
  }

  @Test func `rejects shapes that do not broadcast`() throws {
    let left = ValueType.image(.fixed(1), 2, .fixed(4), .fixed(4))
    let right = ValueType.image(.fixed(1), 3, .fixed(4), .fixed(4))
    let flat = ValueType(.float32, [.fixed(2)], layout: .plain)
    for other in [right, flat] {
      let fault = #expect(throws: GraphError.self) { try Add().resultTypes([left, other]) }
      #expect(fault?.code == .badShape)
    }
  }

  @Test func `divides by zero as IEEE arithmetic does`() {
    let quotient = Divide().evaluate([
      Tensor([1, -1, 0, 6], shape: [1, 1, 2, 2]), Tensor([0, 0, 0, 4], shape: [1, 1, 2, 2]),
    ])[0].floatArray
    #expect(quotient[0] == .infinity && quotient[1] == -.infinity && quotient[2].isNaN)
    #expect(quotient[3] == 1.5)
  }

  @Test func `selects without touching the value not taken`() {
    let isHole = Equal().evaluate([
      Tensor([0, 1, -0.0, .nan], shape: [1, 1, 2, 2]), Tensor([0], shape: [1, 1, 1, 1]),
    ])
    #expect(isHole[0].elementType == .bool)
    #expect(isHole[0].boolArray == [true, false, true, false])
    let values = Tensor([.nan, 7, .infinity, 9], shape: [1, 1, 2, 2])
    expect(
      Select(), of: [isHole[0], Tensor([0], shape: [1, 1, 1, 1]), values], gives: [0, 7, 0, 9],
      shape: [1, 1, 2, 2])
  }

  @Test func `applies functions of one value`() {
    let x = Tensor([-2, -0.5, 0, 3], shape: [1, 1, 2, 2])
    let shape = [1, 1, 2, 2]
    expect(ReLU(), of: [x], gives: [0, 0, 0, 3], shape: shape)
    expect(LeakyReLU(slope: 0.5), of: [x], gives: [-1, -0.25, 0, 3], shape: shape)
    expect(Clip(minimum: -1, maximum: 1), of: [x], gives: [-1, -0.5, 0, 1], shape: shape)
    expect(
      Sigmoid(), of: [Tensor([0, 100, -100], shape: [3])], gives: [0.5, 1, 0], shape: [3])
    expect(Tanh(), of: [Tensor([0, 40, -40], shape: [3])], gives: [0, 1, -1], shape: [3])
  }

  @Test func `keeps a NaN through limits`() {
    let x = Tensor([.nan], shape: [1])
    #expect(ReLU().evaluate([x])[0].floatArray[0].isNaN)
    #expect(Clip(minimum: 0, maximum: 1).evaluate([x])[0].floatArray[0].isNaN)
    #expect(LeakyReLU(slope: 2).evaluate([x])[0].floatArray[0].isNaN)
  }
}
