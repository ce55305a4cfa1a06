import KernelLibrary

/// A part of a plan whose pieces may run at the same time, in any order.
struct Step: Sendable {
  /// The layer and operation, for reports.
  let label: String
  /// How a convolution is computed; empty for other work.
  var algorithm = ""
  let pieceCount: Int
  /// Bytes of scratch memory that each thread needs.
  var scratchByteCount = 0
  /// Multiply-adds of the whole step; 0 where nobody counts them.
  var multiplyAdds = 0
  let run: @Sendable (_ piece: Int, _ scratch: MemoryRegion) -> Void

  /// Runs every piece on the calling thread.
  func runAll(scratch: MemoryRegion) {
    for piece in 0..<pieceCount { run(piece, scratch) }
  }
}

/// A range cut into pieces of nearly equal length.
struct PieceRanges: Sendable {
  let total: Int
  let count: Int
  private let length: Int

  /// About `wanted` pieces of `0..<total`, each but the last a multiple of `unit` long.
  init(_ total: Int, wanted: Int, unit: Int = 1) {
    self.total = total
    let units = (total + unit - 1) / unit
    length = max((units + wanted - 1) / max(wanted, 1), 1) * unit
    count = (total + length - 1) / length
  }

  subscript(_ piece: Int) -> Range<Int> {
    piece * length..<min((piece + 1) * length, total)
  }
}
