import CKernels
package import TensorCore

/// The weights of a convolution in its transform domain, in the order in which kernels read them:
/// term by term `[block of output channels][product][depth][columns]`.
///
/// Computed in f64 and rounded once, in disjoint pieces, before the initialiser returns.
package final class TransformWeights: Sendable {
  /// Runs `body` once for each piece, on several threads where it can.
  package typealias Repetition = (
    _ pieceCount: Int, _ body: @escaping @Sendable (Int) -> Void
  ) -> Void

  package let transform: ConvolutionTransform
  let kernel: TileKernel
  package let outputs: Int
  private let arena: Arena
  /// Where each term begins, in floats.
  private let offsets: [Int]

  package var byteCount: Int { arena.byteCount }

  /// Transforms `weights: f32 [O, C, kh, kw]`; nil when the system refuses the memory.
  package init?(
    _ weights: Tensor, _ transform: ConvolutionTransform, kernel: TileKernel,
    repeating: Repetition
  ) {
    precondition(weights.shape.count == 4, "weights are [O, C, kh, kw]")
    self.transform = transform
    self.kernel = kernel
    outputs = weights.shape[0]
    let blocks = TransformBlocks(outputs: outputs, columns: kernel.columns)
    var offsets = [0]
    for term in transform.terms {
      offsets.append(offsets[offsets.count - 1] + term.productDepth * blocks.columnCount)
    }
    guard let arena = Arena(byteCount: offsets[offsets.count - 1] * 4) else { return nil }
    self.arena = arena
    self.offsets = offsets
    for (index, term) in transform.terms.enumerated() {
      let region = arena.region.floats(
        at: offsets[index], count: offsets[index + 1] - offsets[index])
      repeating(blocks.count) { block in
        let width = blocks.width(block)
        TransformPanel(weights, term, outputs: blocks.outputs(block), width: width).fill(
          region.floats(
            at: block * kernel.columns * term.productDepth, count: width * term.productDepth))
      }
    }
  }

  /// The panels of one term.
  func region(ofTerm index: Int) -> MemoryRegion {
    arena.region.floats(at: offsets[index], count: offsets[index + 1] - offsets[index])
  }
}

/// Output channels cut into the blocks of a kernel; a last block of at most half the columns is
/// half as wide.
struct TransformBlocks {
  let outputs: Int
  let columns: Int

  var count: Int { (outputs + columns - 1) / columns }

  var columnCount: Int {
    outputs / columns * columns + (outputs % columns == 0 ? 0 : width(count - 1))
  }

  func outputs(_ block: Int) -> Range<Int> {
    block * columns..<min((block + 1) * columns, outputs)
  }

  func width(_ block: Int) -> Int {
    outputs(block).count > columns / 2 ? columns : columns / 2
  }
}
