/// A walk over the elements of a dense result together with those of inputs that repeat along some
/// axes, in rows as long as the shapes and several threads allow.
package struct BroadcastLoop: Sendable {
  private static let shortestRow = 1 << 10
  private static let longestRow = 1 << 14

  /// Elements of one row of the result.
  package let innerCount: Int
  /// For each input, 0 when a row repeats one element of it, 1 when it is walked.
  package let innerSteps: [Int]
  private let outerShape: [Int]
  private let outerStrides: [[Int]]

  package var rowCount: Int { outerShape.reduce(1, *) }

  /// - Parameters:
  ///   - shape: the result's axes, in order of memory.
  ///   - strides: for each input, elements between neighbours along each axis; 0 where it repeats.
  package init(shape: [Int], strides: [[Int]]) {
    var axes: [(count: Int, strides: [Int])] = []
    for axis in shape.indices where shape[axis] != 1 {
      let next = (count: shape[axis], strides: strides.map { $0[axis] })
      if let last = axes.last, zip(last.strides, next.strides).allSatisfy({ $0 == $1 * next.count })
      {
        axes[axes.count - 1] = (last.count * next.count, next.strides)
      } else {
        axes.append(next)
      }
    }
    if let last = axes.last, last.strides.allSatisfy({ $0 <= 1 }) {
      axes.removeLast()
      innerCount = Self.rowLength(last.count)
      innerSteps = last.strides
      if innerCount < last.count {
        let length = innerCount
        axes.append((last.count / length, last.strides.map { $0 * length }))
      }
    } else {
      innerCount = 1
      innerSteps = strides.map { _ in 0 }
    }
    outerShape = axes.map(\.count)
    outerStrides = strides.indices.map { input in axes.map { $0.strides[input] } }
  }

  /// The longest part of `count` elements that divides it and leaves work for several threads; all
  /// of them where every such part is short.
  private static func rowLength(_ count: Int) -> Int {
    guard count > longestRow else { return count }
    return (shortestRow...longestRow).last { count % $0 == 0 } ?? count
  }

  /// Calls `body` for each of `rows` with where the row starts in the result and in each input.
  func forEachRow(_ rows: Range<Int>, _ body: (_ place: Int, _ offsets: [Int]) -> Void) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows outside a result")
    var index = [Int](repeating: 0, count: outerShape.count)
    var rest = rows.lowerBound
    for axis in outerShape.indices.reversed() {
      index[axis] = rest % outerShape[axis]
      rest /= outerShape[axis]
    }
    var offsets = outerStrides.map { zip($0, index).reduce(0) { $0 + $1.0 * $1.1 } }
    for row in rows {
      body(row * innerCount, offsets)
      for axis in outerShape.indices.reversed() {
        index[axis] += 1
        for input in offsets.indices { offsets[input] += outerStrides[input][axis] }
        if index[axis] < outerShape[axis] { break }
        index[axis] = 0
        for input in offsets.indices {
          offsets[input] -= outerStrides[input][axis] * outerShape[axis]
        }
      }
    }
  }
}
