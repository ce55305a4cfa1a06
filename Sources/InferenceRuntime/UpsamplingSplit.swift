import GraphIR
import KernelLibrary
import TensorCore

/// The weights of a 3x3 convolution whose twice upsampled parts are multiplied at their own
/// resolution.
///
/// A tap of the kernel is a 1x1 convolution, which commutes with nearest upsampling, and taps that
/// always meet the same pixels belong together. In one dimension, with `x[-1] = x[N] = 0`:
/// `P[k] = w0 x[k-1] + w2 x[k]`, `Q[k] = w1 x[k]`, `y[2k] = P[k] + Q[k]`, `y[2k+1] = P[k+1] + Q[k]`.
/// In two there are the products PP, PQ, QP and QQ of 4, 2, 2 and 1 taps, so an output pixel costs
/// 2.25 products a channel instead of 9, with the weights as they are. For few output channels the
/// nine taps are output channels of one matrix product, and an output pixel picks nine of its sums.
struct UpsamplingSplit: Sendable {
  /// A convolution at the low resolution and where output pixels find its sums.
  struct Product: Sendable {
    /// Which sums an output pixel adds: channels from `firstChannel` of the stored row or column
    /// `(place + offset) / 2`, or none outside.
    struct Use: Sendable {
      var firstChannel = 0
      let offsets: [Int]
    }

    let window: Window
    let weights: PackedWeights
    let uses: [Use]
  }

  private static let fewestChannels = 16

  let products: [Product]
  /// The weights of all other parts.
  let rest: PackedWeights

  /// Splits `weights: [O, C, 3, 3]` whose parts have `channels`; nil where that does not apply or
  /// does not pay.
  init?(
    _ operation: PartialConvolution, channels: [Int], weights: Tensor, kernels: KernelTable
  ) {
    let window = operation.convolution.window(kernelShape: weights.shape)
    guard
      operation.convolution.groups == 1, window == Window(kernel: [3, 3], padding: [1, 1, 1, 1])
    else { return nil }
    var (low, high): ([Int], [Int]) = ([], [])
    var first = 0
    for (part, count) in zip(operation.parts, channels) {
      if Self.isSplit(part) { low += first..<first + count } else { high += first..<first + count }
      first += count
    }
    guard low.count >= Self.fewestChannels else { return nil }
    let outputs = weights.shape[0]
    products =
      outputs <= kernels.dotProduct.columns
      ? [Self.taps(weights, low, kernels.matrixProduct)]
      : Self.pairs(weights, low, kernels.matrixProduct)
    rest = PackedWeights(
      weights.taps(channels: high, rows: [0, 1, 2], columns: [0, 1, 2]), outputs: 0..<outputs,
      kernel: WeightUse.kernel(in: kernels, outputs: outputs))
  }

  /// Whether a part is multiplied at its own resolution.
  static func isSplit(_ part: PartialConvolution.Part) -> Bool { part.upsampling == 2 }

  /// Bytes of all packed weights.
  var byteCount: Int { products.reduce(rest.byteCount) { $0 + $1.weights.byteCount } }

  private static func pairs(
    _ weights: Tensor, _ channels: [Int], _ kernel: TileKernel
  ) -> [Product] {
    let (outer, inner) = ([0, 2], [1])
    return [(outer, outer), (outer, inner), (inner, outer), (inner, inner)].map { rows, columns in
      let border = [rows.count - 1, columns.count - 1]
      return Product(
        window: Window(kernel: [rows.count, columns.count], padding: border + border),
        weights: PackedWeights(
          weights.taps(channels: channels, rows: rows, columns: columns),
          outputs: 0..<weights.shape[0], kernel: kernel),
        uses: [.init(offsets: border)])
    }
  }

  private static func taps(
    _ weights: Tensor, _ channels: [Int], _ kernel: TileKernel
  ) -> Product {
    let outputs = weights.shape[0]
    var values: [Float] = []
    var uses: [Product.Use] = []
    for row in 0..<3 {
      for column in 0..<3 {
        let tap = weights.taps(channels: channels, rows: [row], columns: [column])
        values += tap.floatArray
        uses.append(.init(firstChannel: uses.count * outputs, offsets: [row - 1, column - 1]))
      }
    }
    let matrix = Tensor(values, shape: [9 * outputs, channels.count, 1, 1])
    return Product(
      window: Window(kernel: [1, 1]),
      weights: PackedWeights(matrix, outputs: 0..<9 * outputs, kernel: kernel), uses: uses)
  }
}

extension Tensor {
  /// Some input channels and taps of weights `[O, C, kh, kw]`.
  fileprivate func taps(channels: [Int], rows: [Int], columns: [Int]) -> Tensor {
    let source = floats
    var values: [Float] = []
    values.reserveCapacity(shape[0] * channels.count * rows.count * columns.count)
    for output in 0..<shape[0] {
      for channel in channels {
        for row in rows {
          for column in columns {
            let line = (output * shape[1] + channel) * shape[2] + row
            values.append(source[line * shape[3] + column])
          }
        }
      }
    }
    return Tensor(values, shape: [shape[0], channels.count, rows.count, columns.count])
  }
}
