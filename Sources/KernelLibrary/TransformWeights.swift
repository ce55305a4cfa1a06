import CKernels
package import TensorCore

/// The weights of a convolution in its transform domain, in the order in which kernels read them:
/// term by term `[block of output channels][product][depth / group][columns][group]`.
///
/// Computed in f64 and rounded to f32, then to bf16 where the kernel multiplies that, in disjoint
/// pieces, before the initialiser returns.
package final class TransformWeights: Sendable {
  /// Runs `body` once for each piece, on several threads where it can.
  package typealias Repetition = (
    _ pieceCount: Int, _ body: @escaping @Sendable (Int) -> Void
  ) -> Void

  package let transform: ConvolutionTransform
  package let kernel: TileKernel
  let table: TransformTable
  package let outputs: Int
  private let arena: Arena
  /// Where each term begins, in bytes.
  private let offsets: [Int]

  package var byteCount: Int { arena.byteCount }

  /// Transforms `weights: [O, C, kh, kw]` of the numbers of `kernel`; nil when the system refuses
  /// the memory.
  ///
  /// - Parameter table: of the set and the numbers of `kernel`.
  package init?(
    _ weights: Tensor, _ transform: ConvolutionTransform, kernel: TileKernel,
    table: TransformTable, repeating: Repetition
  ) {
    precondition(
      weights.shape.count == 4 && weights.elementType == kernel.arithmetic.weightType
        && table.arithmetic == kernel.arithmetic,
      "weights are [O, C, kh, kw] of the numbers that are multiplied")
    precondition(
      transform.terms.allSatisfy {
        $0.sources.allSatisfy { $0.channels.count % kernel.group == 0 }
      }, "channels fill no whole groups")
    self.transform = transform
    self.kernel = kernel
    self.table = table
    outputs = weights.shape[0]
    let blocks = TransformBlocks(outputs: outputs, columns: kernel.columns)
    let size = kernel.arithmetic.weightType.byteCount
    var offsets = [0]
    for term in transform.terms {
      offsets.append(offsets[offsets.count - 1] + term.productDepth * blocks.columnCount * size)
    }
    guard let arena = Arena(byteCount: offsets[offsets.count - 1]) else { return nil }
    self.arena = arena
    self.offsets = offsets
    for (index, term) in transform.terms.enumerated() {
      let (region, depth) = (region(ofTerm: index), term.productDepth * size)
      repeating(blocks.count) { block in
        let panel = TransformPanel(
          weights: weights, term: term, outputs: blocks.outputs(block),
          width: blocks.width(block), kernel: kernel, table: table)
        panel.fill(
          region.slice(at: block * kernel.columns * depth, byteCount: panel.width * depth))
      }
    }
  }

  /// The panels of one term.
  func region(ofTerm index: Int) -> MemoryRegion {
    arena.region.slice(at: offsets[index], byteCount: offsets[index + 1] - offsets[index])
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
