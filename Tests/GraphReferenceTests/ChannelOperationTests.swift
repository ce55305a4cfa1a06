import GraphIR
import TensorCore
import Testing

@Suite struct ChannelOperationTests {
  private let pair = Tensor([1, 2, 3, 4], shape: [2, 2, 1, 1])

  @Test func `joins, cuts and repeats channels of each image`() {
    expect(
      Concat(), of: [pair, Tensor([9, 8], shape: [2, 1, 1, 1])], gives: [1, 2, 9, 3, 4, 8],
      shape: [2, 3, 1, 1])
    expect(SliceChannels(start: 1, end: 2), of: [pair], gives: [2, 4], shape: [2, 1, 1, 1])
    expect(
      ExpandChannels(count: 2), of: [Tensor([5, 6, 7, 8], shape: [2, 1, 1, 2])],
      gives: [5, 6, 5, 6, 7, 8, 7, 8], shape: [2, 2, 1, 2])
  }

  @Test func `moves channels behind the columns and back`() {
    let x = counting(2, 1, 3)
    let there = ChangeLayout(to: .nhwc).evaluate([x])[0]
    #expect(there.shape == [1, 1, 3, 2])
    #expect(there.floatArray == [1, 4, 2, 5, 3, 6])
    #expect(ChangeLayout(to: .nchw).evaluate([there]) == [x])
  }

  @Test func `makes ones and constants`() {
    expect(OnesPlane(), of: [counting(3, 2, 1)], gives: [1, 1], shape: [1, 1, 2, 1])
    expect(Fill(2.5, shape: [3]), of: [], gives: [2.5, 2.5, 2.5], shape: [3])
  }

  @Test func `flattens and multiplies by a matrix`() {
    let flat = Flatten().evaluate([counting(2, 1, 2)])[0]
    #expect(flat.shape == [1, 4])
    expect(
      Dense(),
      of: [
        flat, Tensor([1, 1, 1, 1, 0, 0, 0, 2], shape: [2, 4]),
        Tensor([0.5, -1], shape: [2]),
      ],
      gives: [10.5, 7], shape: [1, 2])
  }

  @Test func `normalises by moving statistics`() {
    let parameters: [[Float]] = [[2, 1], [10, 0], [1, 2], [3, 0]]
    expect(
      BatchNormalization(epsilon: 1, statistics: .moving),
      of: [pair] + parameters.map { Tensor($0, shape: [2]) },
      gives: [10, 0, 12, 2], shape: [2, 2, 1, 1])
  }

  @Test func `normalises by the mean and biased variance of the batch`() {
    let x = Tensor([1, 3, 0, 0, 5, 7, 0, 0], shape: [2, 2, 1, 2])
    let result = BatchNormalization(epsilon: 4, statistics: .batch).evaluate([
      x, Tensor([3, 1], shape: [2]), Tensor([0, 5], shape: [2]),
    ])[0]
    #expect(result.floatArray == [-3, -1, 5, 5, 1, 3, 5, 5])
  }
}
