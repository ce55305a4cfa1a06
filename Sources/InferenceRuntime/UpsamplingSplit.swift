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

  /// Some of the input channels of the weights, by the parts that they belong to.
  fileprivate struct Channels {
    var parts: [Int] = []
    var places: [Int] = []
    var count: Int { places.count }

    mutating func append(_ first: Int, _ count: Int) {
      parts.append(count)
      places += first..<first + count
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
    for (part, count) in zip(operation.parts, channels) {
      let next = low.count + high.count
      if Self.isSplit(part) { low.append(next, count) } else { high.append(next, count) }
    }
    self.arithmetic = arithmetic
    let outputs = weights.shape[0]
    let product = kernels.matrixProduct(arithmetic)
    let others = weights.taps(channels: high, rows: [0, 1, 2], columns: [0, 1, 2])
    if RowLowering.applies(window, channels: high.count, outputs: outputs, arithmetic) {
      products = [Self.taps(weights, low, product)]
      rest = .rows(RowWeights(others))
    } else {
      products = Self.pairs(weights, low, product)
      rest = .tiles(
        PackedWeights(others, outputs: 0..<outputs, parts: high.parts, kernel: product))
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
          weights.taps(channels: channels, rows: rows, columns: columns),
          outputs: 0..<weights.shape[0], parts: channels.parts, kernel: kernel),
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
    let outputs = weights.shape[0]
    let places = (0..<3).flatMap { row in (0..<3).map { [row, $0] } }
    let matrix = weights.joined(
      shape: [9 * outputs, channels.count, 1, 1],
      of: places.map { weights.taps(channels: channels, rows: [$0[0]], columns: [$0[1]]) })
    return Product(
      window: Window(kernel: [1, 1]),
      weights: PackedWeights(
        matrix, outputs: 0..<9 * outputs, parts: channels.parts, kernel: kernel),
      reach: reach([-1...1, -1...1]))
  }
}

extension Tensor {
  /// Some input channels and taps of weights `[O, C, kh, kw]`.
  fileprivate func taps(
    channels: UpsamplingSplit.Channels, rows: [Int], columns: [Int]
  ) -> Tensor {
    let (source, size) = (bytes, elementType.byteCount)
    let shape = [self.shape[0], channels.count, rows.count, columns.count]
    return unsafe Tensor(elementType: elementType, shape: shape) { values in
      var end = 0
      for output in 0..<shape[0] {
        for channel in channels.places {
          for row in rows {
            let line = (output * self.shape[1] + channel) * self.shape[2] + row
            for column in columns {
              let first = (line * self.shape[3] + column) * size
              for byte in first..<first + size {
                unsafe values[end] = source.unsafeLoad(fromByteOffset: byte, as: UInt8.self)
                end += 1
              }
            }
          }
        }
      }
    }
  }

  /// The elements of `tensors`, which have this one's type, one after another.
  fileprivate func joined(shape: [Int], of tensors: [Tensor]) -> Tensor {
    unsafe Tensor(elementType: elementType, shape: shape) { values in
      var end = 0
      for tensor in tensors {
        unsafe tensor.bytes.withUnsafeBytes {
          unsafe UnsafeMutableRawBufferPointer(rebasing: values[end..<end + $0.count])
            .copyMemory(from: $0)
          end += $0.count
        }
      }
    }
  }
}
