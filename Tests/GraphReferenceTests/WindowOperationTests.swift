import GraphIR
import TensorCore
import Testing

@Suite struct WindowOperationTests {
  @Test func `convolves with a stride and a border on one side`() {
    let kernel = Tensor([1, 10, 100, 1000], shape: [1, 1, 2, 2])
    expect(
      Convolution(stride: [2, 1], padding: [1, 0, 0, 1]),
      of: [counting(1, 3, 3), kernel],
      gives: [2100, 3200, 300, 8754, 9865, 906], shape: [1, 1, 2, 3])
  }

  @Test func `convolves with spaced cells`() {
    let kernel = Tensor([1, 10, 100, 1000], shape: [1, 1, 2, 2])
    expect(
      Convolution(dilation: [2, 1]), of: [counting(1, 3, 3), kernel],
      gives: [1 + 20 + 700 + 8000, 2 + 30 + 800 + 9000], shape: [1, 1, 1, 2])
  }

  @Test func `convolves each group with its own filters`() {
    let kernel = Tensor([1, 10, 100, 1000], shape: [4, 1, 1, 1])
    expect(
      Convolution(groups: 2), of: [counting(2, 1, 2), kernel],
      gives: [1, 2, 10, 20, 300, 400, 3000, 4000], shape: [1, 4, 1, 2])
  }

  @Test func `sums all channels of each image`() {
    let pictures = Tensor([1, 2, 3, 4], shape: [2, 2, 1, 1])
    let kernel = Tensor([1, 10, 5, 7], shape: [2, 2, 1, 1])
    expect(
      Convolution(), of: [pictures, kernel], gives: [21, 19, 43, 43], shape: [2, 2, 1, 1])
  }

  @Test func `pools a maximum that the border never wins`() {
    let negative = Tensor(counting(1, 3, 3).floatArray.map { -$0 }, shape: [1, 1, 3, 3])
    expect(
      Pool(
        mode: .maximum, window: Window(kernel: [2, 2], stride: [2, 2], padding: [1, 1, 0, 0])),
      of: [negative], gives: [-1, -2, -4, -5], shape: [1, 1, 2, 2])
  }

  @Test func `pools a mean with and without its border`() {
    let window = Window(kernel: [2, 2], stride: [2, 2], padding: [1, 1, 0, 0])
    expect(
      Pool(mode: .average, window: window), of: [counting(1, 3, 3)],
      gives: [0.25, 1.25, 2.75, 7], shape: [1, 1, 2, 2])
    expect(
      Pool(mode: .average, window: window, countsBorder: false), of: [counting(1, 3, 3)],
      gives: [1, 2.5, 5.5, 7], shape: [1, 1, 2, 2])
  }

  @Test func `pads with zeros and around the edge`() {
    expect(
      Pad(mode: .zero, border: [1, 0, 0, 2]), of: [counting(1, 1, 2)],
      gives: [0, 0, 0, 0, 1, 2, 0, 0], shape: [1, 1, 2, 4])
    expect(
      Pad(mode: .circular, border: [1, 2, 0, 1]), of: [counting(1, 2, 3)],
      gives: [5, 6, 4, 5, 6, 4, 2, 3, 1, 2, 3, 1, 5, 6, 4, 5, 6, 4], shape: [1, 1, 3, 6])
  }

  @Test func `rejects a circular border wider than the picture and a border wider than a window`() {
    let type = ValueType.image(.fixed(1), 1, .fixed(2), .fixed(2))
    #expect(throws: GraphError.self) {
      try Pad(mode: .circular, border: [3, 0, 0, 0]).resultTypes([type])
    }
    let window = Window(kernel: [2, 2], padding: [2, 0, 0, 0])
    #expect(throws: GraphError.self) {
      try Pool(mode: .maximum, window: window).resultTypes([type])
    }
  }

  @Test func `repeats rows and columns`() {
    expect(
      UpsampleNearest(factor: [1, 3]), of: [counting(1, 2, 2)],
      gives: [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], shape: [1, 1, 2, 6])
  }

  /// The source positions that `torch.nn.functional.interpolate(size:, mode="nearest")` takes.
  @Test(arguments: [
    (3, 7, [0, 0, 0, 1, 1, 2, 2]),
    (7, 3, [0, 2, 4]),
    (5, 11, [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
    (6, 13, [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    (4, 9, [0, 0, 0, 1, 1, 2, 2, 3, 3]),
    (9, 9, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    (1, 5, [0, 0, 0, 0, 0]),
  ])
  func `resizes to odd sizes as PyTorch does`(_ from: Int, _ to: Int, _ source: [Int]) {
    let values = (0..<from).map(Float.init)
    let row = Tensor(values, shape: [1, 1, 1, from])
    let column = Tensor(values, shape: [1, 1, from, 1])
    let wanted = source.map(Float.init)
    expect(
      ResizeNearest(), of: [row, Tensor([Float](repeating: 0, count: to), shape: [1, 1, 1, to])],
      gives: wanted, shape: [1, 1, 1, to])
    expect(
      ResizeNearest(),
      of: [column, Tensor([Float](repeating: 0, count: to), shape: [1, 1, to, 1])],
      gives: wanted, shape: [1, 1, to, 1])
  }

  /// Positions where PyTorch's f32 product lies below the exact quotient.
  @Test(arguments: [(2, 82, 41, 0), (2, 94, 47, 0), (4, 82, 41, 1), (4, 94, 47, 1), (6, 74, 37, 2)])
  func `rounds source positions in f32 as PyTorch does`(
    _ from: Int, _ to: Int, _ index: Int, _ source: Int
  ) {
    #expect(ResizeNearest.sourceIndex(index, from: from, to: to) == source)
  }
}
