import TensorCore

/// How much memory a block of tiles takes, and where in it values and products lie.
package struct TransformBlock: Sendable {
  private static let lineByteCount = 64

  let transform: ConvolutionTransform
  /// Output channels of a register tile.
  let columns: Int
  private let arithmetic: Arithmetic
  package let tiles: Int

  package init(_ transform: ConvolutionTransform, tiles: Int, kernel: TileKernel) {
    self.transform = transform
    self.tiles = tiles
    columns = kernel.columns
    arithmetic = kernel.arithmetic
  }

  /// Bytes of a value.
  private var numberSize: Int { arithmetic.pictureType.byteCount }

  /// Tiles whose windows fill register tiles of `kernel`.
  package static func tileUnit(_ transform: ConvolutionTransform, kernel: TileKernel) -> Int {
    let windows = transform.terms.map { transform.side / $0.form.outputs }.min() ?? 1
    return (1...kernel.rows).first { $0 * windows * windows % kernel.rows == 0 } ?? kernel.rows
  }

  /// Bytes of transformed data, of what its windows are, and of scales where it is rounded.
  package var valueByteCount: Int {
    let roundsValues = arithmetic == .integer8
    return transform.terms.reduce(roundsValues ? unroundedByteCount : 0) {
      let values = $1.form.values * $1.form.values
      return $0 + values * valueStride($1) * numberSize + Self.inLines(windows($1))
        + (roundsValues ? Self.inLines(values * windows($1) * 4) : 0)
    }
  }

  /// Bytes of the `f32` values of one window of any term.
  private var unroundedByteCount: Int {
    transform.terms.reduce(0) { max($0, $1.form.values * $1.form.values * pitch($1) * 4) }
  }

  private static func inLines(_ byteCount: Int) -> Int {
    (byteCount + lineByteCount - 1) / lineByteCount * lineByteCount
  }

  /// Bytes of the products of one block of output channels, and of the sums of one tile.
  package var scratchByteCount: Int {
    transform.terms.reduce(transform.side * transform.side * columns) {
      $0 + $1.form.products * $1.form.products * productStride($1)
    } * 4
  }

  /// Numbers between windows: an odd number of cache lines, which spreads them over all sets, for
  /// the channels and the rest of a vector of 16 behind them.
  func pitch(_ term: ConvolutionTransform.Term) -> Int {
    let line = Self.lineByteCount / numberSize
    let depth = term.depth(atInfinity: [false, false])
    return ((depth + 15 + line - 1) / line | 1) * line
  }

  /// Numbers between values.
  func valueStride(_ term: ConvolutionTransform.Term) -> Int { windows(term) * pitch(term) }

  /// Floats between products: not a power of two.
  func productStride(_ term: ConvolutionTransform.Term) -> Int {
    windows(term) * columns + Self.lineByteCount / 4
  }

  private func windows(_ term: ConvolutionTransform.Term) -> Int {
    let cuts = transform.side / term.form.outputs
    return tiles * cuts * cuts
  }
}
