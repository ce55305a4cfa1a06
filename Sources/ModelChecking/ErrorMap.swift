package import GraphIR
package import TensorCore

/// The errors of one picture pixel by pixel, the largest of its channels, for drawing.
package struct ErrorMap: Sendable {
  private static let longestSide = 384

  package let width: Int
  package let height: Int
  /// `[height, width]`; where pixels were joined, the largest of them. NaN where a value is not
  /// finite.
  package let errors: [Float]

  /// The first picture of a batch; nil for arrays that are no pictures.
  package init?(_ actual: Tensor, _ expected: Tensor, _ layout: Layout) {
    let shape = actual.shape
    guard shape.count == 4, layout != .plain, shape == expected.shape, actual.elementCount > 0
    else { return nil }
    let isLast = layout == .nhwc
    let (rows, columns) = (shape[isLast ? 1 : 2], shape[isLast ? 2 : 3])
    let channels = shape[isLast ? 3 : 1]
    let step = (max(rows, columns) + Self.longestSide - 1) / Self.longestSide
    let height = (rows + step - 1) / step
    let width = (columns + step - 1) / step
    var errors = [Float](repeating: 0, count: height * width)
    let values = actual.floats
    let wanted = expected.floats
    for index in 0..<channels * rows * columns {
      let pixel = isLast ? index / channels : index % (rows * columns)
      let place = pixel / columns / step * width + pixel % columns / step
      let error = abs(values[index] - wanted[index])
      if error.isFinite {
        if !errors[place].isNaN { errors[place] = max(errors[place], error) }
      } else {
        errors[place] = .nan
      }
    }
    self.width = width
    self.height = height
    self.errors = errors
  }
}
