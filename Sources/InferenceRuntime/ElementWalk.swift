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
  let touches: [Touch]
  /// Does the work for any range of elements; nil where rows have to be whole.
  let runElements: (@Sendable (Range<Int>) -> Void)?

  private var elementCount: Int { pieces.total * rowLength }

  fileprivate func elements(of piece: Int) -> Range<Int> {
    pieces[piece].lowerBound * rowLength..<pieces[piece].upperBound * rowLength
  }

  fileprivate func isCut(like other: ElementWalk) -> Bool {
    pieces == other.pieces && rowLength == other.rowLength
  }

  /// Whether each part of `next` may run right after the same elements of this.
  fileprivate func mayPrecede(_ next: ElementWalk) -> Bool {
    elementCount == next.elementCount
      && (isCut(like: next) || runElements != nil || next.runElements != nil)
      && touches.allSatisfy { touch in next.touches.allSatisfy(touch.isIndependent) }
  }

  /// This and `next` one after the other on the same elements, in the pieces of the one that needs
  /// whole rows.
  fileprivate func followed(by next: ElementWalk) -> ElementWalk {
    let cut = next.runElements == nil ? next : self
    var both: (@Sendable (Range<Int>) -> Void)?
    if let first = runElements, let second = next.runElements {
      both = {
        first($0)
        second($0)
      }
    }
    return ElementWalk(
      pieces: cut.pieces, rowLength: cut.rowLength, touches: touches + next.touches,
      runElements: both)
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
      let both = walk.followed(by: nextWalk)
      let (first, second) = (last.part(of: both), next.part(of: both))
      var joined = Step(
        label: "\(last.label), \(next.label)", pieceCount: both.pieces.count
      ) { piece, scratch in
        first(piece, scratch)
        second(piece, scratch)
      }
      joined.walk = both
      steps[steps.count - 1] = joined
    }
  }
}

extension Step {
  /// The work for the elements of a piece of `walk`.
  fileprivate func part(
    of walk: ElementWalk
  ) -> @Sendable (_ piece: Int, _ scratch: MemoryRegion) -> Void {
    guard let own = self.walk, !own.isCut(like: walk), let runElements = own.runElements else {
      return run
    }
    return { piece, _ in runElements(walk.elements(of: piece)) }
  }
}
