/// In which units a node computes pixels of its result.
enum PixelUnit: Hashable, Sendable {
  /// All of them in every run.
  case everything
  /// Square tiles of `side` pixels, the first of which begins at row and column `origin`, 0 or less.
  /// The bits of a pixel may depend on all that its tile reads.
  case tiles(side: Int, origin: Int)

  static let pixel = PixelUnit.tiles(side: 1, origin: 0)
}

/// The tiles that cover some pixels.
struct TileCover {
  private let side: Int
  private let origin: Int

  init(side: Int, origin: Int) {
    precondition(side > 0 && origin <= 0 && origin > -side, "tiles begin at a picture's corner")
    self.side = side
    self.origin = origin
  }

  /// The pixels of a tile.
  var pixels: PixelReach {
    let axis = AxisReach(step: side, first: origin, last: origin + side - 1)
    return PixelReach(rows: axis, columns: axis)
  }

  /// The tiles as pixels of a picture of their own.
  func frame(of frame: PixelSet.Frame) -> PixelSet.Frame {
    let count = { (length: Int) in (length - origin + side - 1) / side }
    return PixelSet.Frame(
      images: frame.images, height: count(frame.height), width: count(frame.width))
  }

  /// The tiles that hold pixels of `set`.
  func tiles(of set: PixelSet) -> PixelSet {
    set.reached(pixels.inverse, in: frame(of: set.frame))
  }
}
