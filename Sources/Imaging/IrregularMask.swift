import Foundation

/// Masks of the kind that partial convolution was published with: strokes and spots of any size.
///
/// Strokes are random walks of a round brush, spots are ellipses, added until the share of missing
/// pixels lies in the wanted range. The same seed gives the same masks.
/// - Source: Liu et al. 2018, section 4.1 (shares of holes, with and without holes at the border)
package struct IrregularMask {
  /// The six ranges of the share of missing pixels in the published tables, each without its lower
  /// bound.
  package static let publishedRatios: [ClosedRange<Double>] = [
    0.01...0.1, 0.1...0.2, 0.2...0.3, 0.3...0.4, 0.4...0.5, 0.5...0.6,
  ]
  /// Width of the border that masks without holes at the border keep, as a share of the side.
  package static let borderShare = 50.0 / 512

  private var numbers: SeededNumbers
  private let width: Int
  private let height: Int

  package init(width: Int, height: Int, seed: UInt64) {
    precondition(width > 0 && height > 0, "a mask of \(width) x \(height) has no pixels")
    self.width = width
    self.height = height
    numbers = SeededNumbers(seed: seed)
  }

  /// The next mask with a share of holes in `ratio`; as close as its pixels allow for tiny masks.
  ///
  /// - Parameter reachesBorder: whether holes may come near the border.
  package mutating func next(ratio: ClosedRange<Double>, reachesBorder: Bool) -> Mask {
    let area = Double(width * height)
    let wanted = numbers.number(in: ratio)
    var canvas = Canvas(width: width, height: height, reachesBorder: reachesBorder)
    var attempts = 0
    while Double(canvas.holes) < wanted * area, attempts < 10_000 {
      attempts += 1
      let before = canvas
      let brush = max(0.5, Double(min(width, height)) * numbers.number(in: 0.01...0.06))
      let size = attempts > 200 ? 0.5 : brush
      if numbers.integer(in: 0...3) == 0 {
        addSpot(&canvas, size)
      } else {
        addStroke(&canvas, size)
      }
      if Double(canvas.holes) > ratio.upperBound * area { canvas = before }
    }
    return Mask(width: width, height: height, validity: canvas.validity)
  }

  private mutating func addStroke(_ canvas: inout Canvas, _ brush: Double) {
    var x = numbers.number(in: 0...Double(width))
    var y = numbers.number(in: 0...Double(height))
    var angle = numbers.number(in: 0...(2 * .pi))
    for _ in 0..<numbers.integer(in: 4...40) {
      angle += numbers.number(in: -0.8...0.8)
      x += cos(angle) * brush
      y += sin(angle) * brush
      canvas.clear(x: x, y: y, radiusX: brush, radiusY: brush)
    }
  }

  private mutating func addSpot(_ canvas: inout Canvas, _ brush: Double) {
    canvas.clear(
      x: numbers.number(in: 0...Double(width)), y: numbers.number(in: 0...Double(height)),
      radiusX: brush * numbers.number(in: 0.5...2.5),
      radiusY: brush * numbers.number(in: 0.5...2.5))
  }
}

extension Mask {
  /// Share of pixels that are not 1.
  package var holeRatio: Double {
    Double(validity.count { $0 != 1 }) / Double(validity.count)
  }

  /// Whether a hole lies within the border that published masks of the other kind keep.
  package var reachesBorder: Bool {
    let canvas = Canvas(width: width, height: height, reachesBorder: false)
    return validity.indices.contains { index in
      validity[index] != 1 && !canvas.isAllowed(x: index % width, y: index / width)
    }
  }
}

/// A mask that is being drawn.
private struct Canvas {
  private(set) var validity: [Float]
  private(set) var holes = 0
  private let width: Int
  private let height: Int
  private let columns: Range<Int>
  private let rows: Range<Int>

  init(width: Int, height: Int, reachesBorder: Bool) {
    let share = reachesBorder ? 0 : IrregularMask.borderShare
    let across = Int(Double(width) * share)
    let down = Int(Double(height) * share)
    validity = [Float](repeating: 1, count: width * height)
    self.width = width
    self.height = height
    columns = across..<(width - across)
    rows = down..<(height - down)
  }

  func isAllowed(x: Int, y: Int) -> Bool { columns.contains(x) && rows.contains(y) }

  /// Makes the pixels of an ellipse missing where that is allowed.
  mutating func clear(x: Double, y: Double, radiusX: Double, radiusY: Double) {
    for row in max(
      Int(y - radiusY), rows.lowerBound)..<max(
        min(Int(y + radiusY) + 1, rows.upperBound), max(Int(y - radiusY), rows.lowerBound))
    {
      let first = max(Int(x - radiusX), columns.lowerBound)
      for column in first..<max(min(Int(x + radiusX) + 1, columns.upperBound), first) {
        let across = (Double(column) + 0.5 - x) / radiusX
        let down = (Double(row) + 0.5 - y) / radiusY
        let index = row * width + column
        if across * across + down * down <= 1, validity[index] == 1 {
          validity[index] = 0
          holes += 1
        }
      }
    }
  }
}
