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
  /// What an element-wise step touches; nil for other work.
  var walk: ElementWalk?
  let run: @Sendable (_ piece: Int, _ scratch: MemoryRegion) -> Void

  /// Runs every piece on the calling thread.
  func runAll(scratch: MemoryRegion) {
    for piece in 0..<pieceCount { run(piece, scratch) }
  }
}

/// A range cut into pieces of nearly equal length.
struct PieceRanges: Equatable, Sendable {
  let total: Int
  let count: Int
  private let length: Int

  /// About `wanted` pieces of `0..<total`, each but the last a multiple of `unit` long.
  init(_ total: Int, wanted: Int, unit: Int = 1) {
    self.total = total
    let units = (total + unit - 1) / unit
    length = max((units + max(wanted, 1) - 1) / max(wanted, 1), 1) * unit
    count = (total + length - 1) / length
  }

  subscript(_ piece: Int) -> Range<Int> {
    piece * length..<min((piece + 1) * length, total)
  }
}

/// Ranges of pixels cut into pieces of nearly equal work.
struct PixelPieces: Sendable {
  private var pieces: [[Range<Int>]] = []

  /// About `wanted` pieces, cut at multiples of `unit` from the start of a range.
  init(_ ranges: [Range<Int>], wanted: Int, unit: Int) {
    let units = ranges.reduce(0) { $0 + ($1.count + unit - 1) / unit }
    let length = max((units + max(wanted, 1) - 1) / max(wanted, 1), 1)
    var room = 0
    for range in ranges {
      var start = range.lowerBound
      while start < range.upperBound {
        if room == 0 {
          pieces.append([])
          room = length
        }
        let end = min(start + room * unit, range.upperBound)
        pieces[pieces.count - 1].append(start..<end)
        room -= (end - start + unit - 1) / unit
        start = end
      }
    }
  }

  var count: Int { pieces.count }

  subscript(_ piece: Int) -> [Range<Int>] { pieces[piece] }
}
