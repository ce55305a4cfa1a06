import KernelLibrary

/// What an element-wise step touches: each piece of it writes a range of elements, and reads the
/// same range of some inputs and any element of others.
struct ElementWalk: Sendable {
  struct Touch: Sendable {
    let region: MemoryRegion
    /// Bytes of an element where a piece keeps to its own; nil where it does not.
    let elementSize: Int?
    let isWritten: Bool

    /// Whether one piece may touch the one when another has not yet touched the other.
    func isIndependent(of other: Touch) -> Bool {
      if !(isWritten || other.isWritten) || !region.overlaps(other.region) { return true }
      return elementSize != nil && elementSize == other.elementSize
        && region.begins(with: other.region)
    }
  }

  /// Elements of a piece, about: what several steps do to them stays in the nearest caches.
  static let pieceLength = 1 << 14

  /// Rows of elements, in pieces.
  let pieces: PieceRanges
  let rowLength: Int
  var touches: [Touch]

  /// Whether each piece of `next` may run right after the same piece of this.
  fileprivate func mayPrecede(_ next: ElementWalk) -> Bool {
    pieces == next.pieces && rowLength == next.rowLength
      && touches.allSatisfy { touch in next.touches.allSatisfy(touch.isIndependent) }
  }
}

extension [Step] {
  /// The same work with element-wise steps joined that follow each other: what a piece has written is
  /// near when the next step reads it, and threads wait for each other once.
  func joiningWalks() -> [Step] {
    reduce(into: []) { steps, next in
      guard let last = steps.last, let walk = last.walk, let nextWalk = next.walk,
        walk.mayPrecede(nextWalk)
      else { return steps.append(next) }
      var joined = Step(
        label: "\(last.label), \(next.label)", pieceCount: last.pieceCount
      ) { piece, scratch in
        last.run(piece, scratch)
        next.run(piece, scratch)
      }
      joined.walk = ElementWalk(
        pieces: walk.pieces, rowLength: walk.rowLength, touches: walk.touches + nextWalk.touches)
      steps[steps.count - 1] = joined
    }
  }
}
