import Foundation

/// The mean structural similarity of two pictures, 1 for equal ones.
///
/// Gaussian windows of 11 x 11 with deviation 1.5, inside the picture only; the data range is 1, so
/// `c1 = 0.01²` and `c2 = 0.03²`; channels are averaged.
/// - Source: Wang, Bovik, Sheikh, Simoncelli 2004
package enum StructuralSimilarity {
  private static let reach = 5
  private static let weights: [Double] = {
    let raw = (-reach...reach).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }()

  /// - Parameters: first, second: `[height, width, channels]` in C order, 0...1.
  /// - Returns: nil for pictures of less than 11 rows or columns.
  package static func mean(
    _ first: [Float], _ second: [Float], height: Int, width: Int, channels: Int
  ) -> Double? {
    guard height > 2 * reach, width > 2 * reach else { return nil }
    precondition(
      first.count == second.count && first.count == height * width * channels,
      "two pictures of other sizes than given are compared")
    var sum = 0.0
    for channel in 0..<channels {
      let x = stride(from: channel, to: first.count, by: channels).map { Double(first[$0]) }
      let y = stride(from: channel, to: second.count, by: channels).map { Double(second[$0]) }
      sum += mean(x, y, height: height, width: width)
    }
    return sum / Double(channels)
  }

  private static func mean(_ x: [Double], _ y: [Double], height: Int, width: Int) -> Double {
    func smoothed(_ values: [Double]) -> [Double] { smooth(values, height: height, width: width) }
    let meanX = smoothed(x)
    let meanY = smoothed(y)
    let squareX = smoothed(x.map { $0 * $0 })
    let squareY = smoothed(y.map { $0 * $0 })
    let product = smoothed(zip(x, y).map { $0 * $1 })
    var sum = 0.0
    for index in meanX.indices {
      let (mx, my) = (meanX[index], meanY[index])
      let varianceX = squareX[index] - mx * mx
      let varianceY = squareY[index] - my * my
      let covariance = product[index] - mx * my
      sum +=
        (2 * mx * my + 0.0001) * (2 * covariance + 0.0009)
        / ((mx * mx + my * my + 0.0001) * (varianceX + varianceY + 0.0009))
    }
    return sum / Double(meanX.count)
  }

  /// Weighted means of all windows inside the picture: rows first, then columns.
  private static func smooth(_ values: [Double], height: Int, width: Int) -> [Double] {
    let columns = width - 2 * reach
    var wide = [Double](repeating: 0, count: height * columns)
    for row in 0..<height {
      for column in 0..<columns {
        var sum = 0.0
        for (offset, weight) in weights.enumerated() {
          sum += weight * values[row * width + column + offset]
        }
        wide[row * columns + column] = sum
      }
    }
    let rows = height - 2 * reach
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = 0.0
        for (offset, weight) in weights.enumerated() {
          sum += weight * wide[(row + offset) * columns + column]
        }
        result[row * columns + column] = sum
      }
    }
    return result
  }
}
