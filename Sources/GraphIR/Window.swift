/// A sliding window over rows and columns: its extent, step, spacing and the border around it.
public struct Window: Hashable, Sendable {
  /// Rows and columns of the window.
  public var kernel: [Int]
  public var stride: [Int]
  public var dilation: [Int]
  /// Border cells: top, left, bottom, right.
  public var padding: [Int]

  public init(
    kernel: [Int], stride: [Int] = [1, 1], dilation: [Int] = [1, 1], padding: [Int] = [0, 0, 0, 0]
  ) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// Cells that the window spans along `axis` (0 rows, 1 columns), spacing included.
  public func extent(axis: Int) -> Int { (kernel[axis] - 1) * dilation[axis] + 1 }

  public func resultLength(of input: Dimension, axis: Int) -> Dimension {
    input.adding(padding[axis] + padding[axis + 2])
      .windowCount(extent: extent(axis: axis), stride: stride[axis])
  }

  static let sizes = 1...4096
  static let borders = 0...4096
}
