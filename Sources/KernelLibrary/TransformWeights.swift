import CKernels
package import TensorCore

/// The weights of a convolution in its transform domain, in the order in which kernels read them:
/// term by term `[block of output channels][product][depth / group][columns][group]`.
///
/// Computed in f64 and rounded to f32, then to bf16 where the kernel multiplies that, or to `i8` with
/// a scale for each product of each output channel; in disjoint pieces, before the initialiser
/// returns.
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
  private let layout: TransformWeightLayout

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
    layout = TransformWeightLayout(transform, outputs: outputs, kernel: kernel)
    guard let arena = Arena(byteCount: layout.byteCount) else { return nil }
    self.arena = arena
    for index in transform.terms.indices {
      repeating(layout.blocks.count) { [self] block in fill(block, ofTerm: index, from: weights) }
    }
  }

  private func fill(_ block: Int, ofTerm index: Int, from weights: Tensor) {
    let blocks = layout.blocks
    let panel = TransformPanel(
      weights: weights, term: transform.terms[index], outputs: blocks.outputs(block),
      width: blocks.width(block), kernel: kernel, table: table)
    let depth = panel.term.productDepth * kernel.arithmetic.weightType.byteCount
    let region = region(ofTerm: index).slice(
      at: block * kernel.columns * depth, byteCount: panel.width * depth)
    guard let meaning = meaning(ofTerm: index) else { return panel.fill(region) }
    let count = panel.term.infinities.count * kernel.columns
    _ = unsafe AlignedStorage(byteCount: panel.byteCount) { bytes in
      guard let base = bytes.baseAddress else { return }
      let numbers = unsafe MemoryRegion(base: base, byteCount: bytes.count)
      panel.fill(numbers)
      panel.round(
        numbers, into: region, meaning: meaning.slice(at: block * count, count: count))
    }
  }

  /// The panels of one term.
  func region(ofTerm index: Int) -> MemoryRegion {
    arena.region.slice(at: layout.panels[index].lowerBound, byteCount: layout.panels[index].count)
  }

  /// What the integer sums of one term mean, `[block][product][columns]` each; nil where sums are
  /// not integers.
  func meaning(ofTerm index: Int) -> Meaning? {
    guard kernel.arithmetic == .integer8 else { return nil }
    let count = layout.meaningCount(ofTerm: index)
    let region = arena.region.slice(at: layout.meanings[index], byteCount: 8 * count)
    return Meaning(
      corrections: region.floats(at: 0, count: count),
      scales: region.floats(at: count, count: count))
  }

  /// What turns integer sums into products, for each column of each product.
  struct Meaning {
    /// `i32` numbers that are added.
    let corrections: MemoryRegion
    /// `f32` factors of what this gives.
    let scales: MemoryRegion

    func slice(at place: Int, count: Int) -> Meaning {
      Meaning(
        corrections: corrections.floats(at: place, count: count),
        scales: scales.floats(at: place, count: count))
    }
  }
}

/// Where in memory the parts of transformed weights lie, in bytes.
private struct TransformWeightLayout {
  let blocks: TransformBlocks
  /// The panels of each term.
  private(set) var panels: [Range<Int>] = []
  /// Where the corrections and the scales of each term begin; nowhere where sums are not integers.
  private(set) var meanings: [Int] = []
  private(set) var byteCount = 0
  private let terms: [ConvolutionTransform.Term]
  private let columns: Int

  init(_ transform: ConvolutionTransform, outputs: Int, kernel: TileKernel) {
    blocks = TransformBlocks(outputs: outputs, columns: kernel.columns)
    (terms, columns) = (transform.terms, kernel.columns)
    let size = kernel.arithmetic.weightType.byteCount
    for (index, term) in terms.enumerated() {
      let end = byteCount + term.productDepth * blocks.columnCount * size
      panels.append(byteCount..<end)
      byteCount = AlignedStorage.aligned(end)
      guard kernel.arithmetic == .integer8 else { continue }
      meanings.append(byteCount)
      byteCount = AlignedStorage.aligned(byteCount + 8 * meaningCount(ofTerm: index))
    }
  }

  /// Corrections of a term, or scales: one for each product and column of a block.
  func meaningCount(ofTerm index: Int) -> Int {
    terms[index].infinities.count * blocks.count * columns
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
