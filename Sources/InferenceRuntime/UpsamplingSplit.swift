import GraphIR
import KernelLibrary
import TensorCore

/// The weights of a 3x3 convolution whose twice upsampled parts are multiplied at their own
/// resolution.
///
/// A tap of the kernel is a 1x1 convolution, which commutes with nearest upsampling, and taps that
/// always meet the same pixels belong together. In one dimension, with `x[-1] = x[N] = 0`: `P[k] =
/// w0 x[k-1] + w2 x[k]`, `Q[k] = w1 x[k]`, `y[2k] = P[k] + Q[k]`, `y[2k+1] = P[k+1] + Q[k]`. In two
/// there are the products PP, PQ, QP and QQ of 4, 2, 2 and 1 taps, so an output pixel costs 2.25
/// products a channel instead of 9, with the weights as they are. For few output channels the nine
/// taps are output channels of one matrix product, and the other parts' rows take their sums.
final class UpsamplingSplit: KernelWeights {
  /// A convolution at the low resolution.
  struct Product: Sendable {
    let window: Window
    let weights: PackedWeights
    /// The stored sums that an output pixel adds: one, or the taps of several.
    let reach: PixelReach
  }

  /// The weights of all other parts.
  enum Rest: Sendable {
    case tiles(PackedWeights)
    /// For rows that add sums of taps.
    case rows(RowWeights)
  }

  /// Some of the parts of the weights: how many channels they have, and where those begin.
  private struct Channels {
    var parts: [Int] = []
    var starts: [Int] = []

    mutating func append(_ first: Int, _ count: Int) {
      parts.append(count)
      starts.append(first)
    }

    var places: [Int] { zip(starts, parts).flatMap { Array($0..<$0 + $1) } }

    /// The taps of `rows` by `columns`.
    func selection(rows: [Int], columns: [Int]) -> WeightSelection {
      WeightSelection(firstChannels: starts, rows: rows, columns: columns)
    }
  }

  private static let fewestChannels = 16

  let products: [Product]
  let rest: Rest
  let arithmetic: Arithmetic

  /// Splits `weights: [O, C, 3, 3]` whose parts have `channels`; nil where that does not apply or
  /// does not pay.
  init?(
    _ operation: PartialConvolution, channels: [Int], weights: Tensor, _ arithmetic: Arithmetic,
    kernels: KernelTable
  ) {
    let window = operation.convolution.window(kernelShape: weights.shape)
    guard Self.applies(to: operation, window, channels: channels, arithmetic) else { return nil }
    var (low, high) = (Channels(), Channels())
    var next = 0
    for (part, count) in zip(operation.parts, channels) {
      if Self.isSplit(part) { low.append(next, count) } else { high.append(next, count) }
      next += count
    }
    self.arithmetic = arithmetic
    let outputs = weights.shape[0]
    let product = kernels.matrixProduct(arithmetic)
    if RowLowering.applies(
      window, channels: high.places.count, outputs: outputs, arithmetic)
    {
      products = [Self.taps(weights, low, product)]
      rest = .rows(RowWeights(weights, channels: high.places))
    } else {
      products = Self.pairs(weights, low, product)
      rest = .tiles(
        PackedWeights(
          weights, outputs: 0..<outputs, parts: high.parts,
          selection: high.selection(rows: [0, 1, 2], columns: [0, 1, 2]), kernel: product))
    }
  }

  /// Whether the parts of a convolution, which have `channels`, can be split and are wide enough.
  /// Of integer sums, which are scaled part by part, one can be the low and one the other part's.
  static func applies(
    to operation: PartialConvolution, _ window: Window, channels: [Int], _ arithmetic: Arithmetic
  ) -> Bool {
    let low = zip(operation.parts, channels).filter { isSplit($0.0) }
    return operation.convolution.groups == 1
      && low.reduce(0) { $0 + $1.1 } >= fewestChannels
      && window == Window(kernel: [3, 3], padding: [1, 1, 1, 1])
      && (arithmetic != .integer8 || low.count == 1 && operation.parts.count <= 2)
  }

  /// Whether a part is multiplied at its own resolution.
  static func isSplit(_ part: PartialConvolution.Part) -> Bool { part.upsampling == 2 }

  /// Bytes of all packed weights.
  var byteCount: Int {
    let others =
      switch rest {
      case .tiles(let weights): weights.byteCount
      case .rows(let weights): weights.byteCount
      }
    return products.reduce(others) { $0 + $1.weights.byteCount }
  }

  private static func pairs(
    _ weights: Tensor, _ channels: Channels, _ kernel: TileKernel
  ) -> [Product] {
    let (outer, inner) = ([0, 2], [1])
    return [(outer, outer), (outer, inner), (inner, outer), (inner, inner)].map { rows, columns in
      let border = [rows.count - 1, columns.count - 1]
      return Product(
        window: Window(kernel: [rows.count, columns.count], padding: border + border),
        weights: PackedWeights(
          weights, outputs: 0..<weights.shape[0], parts: channels.parts,
          selection: channels.selection(rows: rows, columns: columns), kernel: kernel),
        reach: reach(border.map { $0...$0 }))
    }
  }

  /// Half of the places that lie so far from an output pixel's.
  private static func reach(_ offsets: [ClosedRange<Int>]) -> PixelReach {
    let axes = offsets.map { AxisReach(first: $0.lowerBound, last: $0.upperBound, unit: 2) }
    return PixelReach(rows: axes[0], columns: axes[1])
  }

  private static func taps(
    _ weights: Tensor, _ channels: Channels, _ kernel: TileKernel
  ) -> Product {
    let (outputs, inputs) = (weights.shape[0], weights.shape[1])
    let matrix = weights.reshaped(to: [outputs, inputs, 9]).transposed([2, 0, 1])
    return Product(
      window: Window(kernel: [1, 1]),
      weights: PackedWeights(
        matrix.reshaped(to: [9 * outputs, inputs, 1, 1]), outputs: 0..<9 * outputs,
        parts: channels.parts, selection: channels.selection(rows: [0], columns: [0]),
        kernel: kernel),
      reach: reach([-1...1, -1...1]))
  }
}
