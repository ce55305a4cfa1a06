import TensorCore

/// Transforms the weights of one term for one block of output channels, `U = G w Gᵀ` in f64.
struct TransformPanel {
  private typealias Lanes = SIMD4<Double>

  private let weights: Tensor
  private let term: ConvolutionTransform.Term
  private let outputs: Range<Int>
  private let width: Int
  private let infinities: [[Bool]]
  /// G in C order.
  private let matrix: [Double]

  /// - Parameter width: columns of the block, of which those beyond `outputs` are zero.
  init(
    _ weights: Tensor, _ term: ConvolutionTransform.Term, outputs: Range<Int>, width: Int
  ) {
    precondition(width % Lanes.scalarCount == 0, "a block is no multiple of a vector")
    self.weights = weights
    self.term = term
    self.outputs = outputs
    self.width = width
    infinities = term.infinities
    matrix = term.form.weights.flatMap { $0 }
  }

  /// Writes `[product][depth][width]`.
  func fill(_ region: MemoryRegion) {
    var starts: [Int] = []
    var next = 0
    for infinity in infinities {
      starts.append(next)
      next += term.depth(atInfinity: infinity) * width
    }
    let panel = unsafe region.pointer(floats: next)
    for source in term.sources {
      let live = infinities.map { term.isLive(source, atInfinity: $0) }
      unsafe fill(panel, source, starts.indices.map { live[$0] ? starts[$0] : -1 })
      for product in starts.indices where live[product] {
        starts[product] += source.channels.count * width
      }
    }
  }

  /// - Parameter starts: where the source's part of each product begins; -1 for none.
  private func fill(
    _ panel: UnsafeMutablePointer<Float>, _ source: ConvolutionTransform.Source, _ starts: [Int]
  ) {
    let (taps, products) = (term.form.taps, term.form.products)
    var tile = [Lanes](repeating: .zero, count: taps * taps)
    var rows = [Lanes](repeating: .zero, count: products * taps)
    for (place, channel) in source.channels.enumerated() {
      for column in stride(from: 0, to: width, by: Lanes.scalarCount) {
        load(source, channel: channel, column: column, into: &tile)
        for product in 0..<products {
          for line in 0..<taps {
            var sum = Lanes.zero
            for tap in 0..<taps {
              sum += matrix[product * taps + tap] * tile[tap * taps + line]
            }
            rows[product * taps + line] = sum
          }
        }
        let offset = place * width + column
        for row in 0..<products {
          for line in 0..<products where starts[row * products + line] >= 0 {
            var sum = Lanes.zero
            for tap in 0..<taps {
              sum += matrix[line * taps + tap] * rows[row * taps + tap]
            }
            unsafe UnsafeMutableRawPointer(panel + starts[row * products + line] + offset)
              .storeBytes(of: SIMD4<Float>(sum), as: SIMD4<Float>.self)
          }
        }
      }
    }
  }

  /// Reads the taps of some output channels, zeros beyond the source's taps and the block's
  /// outputs.
  private func load(
    _ source: ConvolutionTransform.Source, channel: Int, column: Int, into tile: inout [Lanes]
  ) {
    let (shape, taps) = (weights.shape, term.form.taps)
    let floats = weights.floats
    for lane in 0..<min(Lanes.scalarCount, max(outputs.count - column, 0)) {
      let filter = (outputs.lowerBound + column + lane) * shape[1] + channel
      for row in 0..<source.taps[0] {
        let line = (filter * shape[2] + source.phase[0] + row * term.stride) * shape[3]
        for tap in 0..<source.taps[1] {
          tile[row * taps + tap][lane] = Double(
            floats[line + source.phase[1] + tap * term.stride])
        }
      }
    }
    for lane in max(outputs.count - column, 0)..<max(Lanes.scalarCount, outputs.count - column) {
      for tap in tile.indices where lane < Lanes.scalarCount { tile[tap][lane] = 0 }
    }
  }
}
