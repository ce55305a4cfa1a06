/// Pixels of a batch of pictures, as runs row by row.
public struct PixelSet: Hashable, Sendable {
  /// The pictures that a set is part of.
  public struct Frame: Hashable, Sendable, CustomStringConvertible {
    public let images: Int
    public let height: Int
    public let width: Int

    public init(images: Int = 1, height: Int, width: Int) {
      precondition(
        images >= 0 && height >= 0 && width >= 0 && width < Int(Int32.max), "no such pictures")
      self.images = images
      self.height = height
      self.width = width
    }

    public var description: String { "\(images)x\(height)x\(width)" }

    /// Rows of all images.
    var rowCount: Int { images * height }
    var pixelCount: Int { rowCount * width }
  }

  public let frame: Frame
  /// Where the bounds of each row begin, and where those of the last end.
  private(set) var starts: [Int]
  /// First column and column past the last of each run; runs of a row neither meet nor touch.
  private(set) var bounds: [Int32]

  /// The set without pixels.
  public init(noneOf frame: Frame) {
    self.frame = frame
    starts = [Int](repeating: 0, count: frame.rowCount + 1)
    bounds = []
  }

  /// The set of all pixels.
  public init(allOf frame: Frame) {
    self.init(rowsOf: frame) { _, columns in columns.append(0..<frame.width) }
  }

  /// The pixels for which `contains` holds, asked row by row through all images.
  public init(_ frame: Frame, _ contains: (_ row: Int, _ column: Int) -> Bool) {
    self.init(rowsOf: frame) { row, columns in
      var start: Int?
      for column in 0..<frame.width {
        let isInside = contains(row, column)
        if isInside, start == nil { start = column }
        if !isInside, let first = start {
          columns.append(first..<column)
          start = nil
        }
      }
      if let start { columns.append(start..<frame.width) }
    }
  }

  /// - Parameter fill: appends the runs of a row, counted through all images, from left to right.
  init(rowsOf frame: Frame, _ fill: (_ row: Int, _ columns: inout PixelRow) -> Void) {
    self.frame = frame
    starts = [0]
    starts.reserveCapacity(frame.rowCount + 1)
    var columns = PixelRow()
    for row in 0..<frame.rowCount {
      columns.beginRow()
      fill(row, &columns)
      starts.append(columns.bounds.count)
    }
    bounds = columns.bounds
  }

  public var isEmpty: Bool { bounds.isEmpty }

  /// Whether every pixel is in the set.
  public var isAll: Bool { pixelCount == frame.pixelCount }

  public var pixelCount: Int {
    stride(from: 0, to: bounds.count, by: 2).reduce(0) { $0 + Int(bounds[$1 + 1] - bounds[$1]) }
  }

  /// First column and column past the last of each run of a row.
  func bounds(ofRow row: Int) -> ArraySlice<Int32> { bounds[starts[row]..<starts[row + 1]] }

  /// The pixels of either set.
  public func union(_ other: PixelSet) -> PixelSet {
    if isEmpty || other.isAll { return other }
    if other.isEmpty || isAll { return self }
    return combined(other) { $0 || $1 }
  }

  /// The pixels of this set that are not in `other`.
  public func subtracting(_ other: PixelSet) -> PixelSet {
    if isEmpty || other.isEmpty { return self }
    return combined(other) { $0 && !$1 }
  }

  private func combined(_ other: PixelSet, _ keeps: (Bool, Bool) -> Bool) -> PixelSet {
    precondition(frame == other.frame, "sets of different pictures")
    return PixelSet(rowsOf: frame) { row, columns in
      var (left, right) = (bounds(ofRow: row), other.bounds(ofRow: row))
      var (isInLeft, isInRight) = (false, false)
      var start: Int32?
      while !left.isEmpty || !right.isEmpty {
        let place = min(left.first ?? .max, right.first ?? .max)
        if left.first == place {
          left.removeFirst()
          isInLeft.toggle()
        }
        if right.first == place {
          right.removeFirst()
          isInRight.toggle()
        }
        let isKept = keeps(isInLeft, isInRight)
        if isKept, start == nil { start = place }
        if !isKept, let first = start {
          columns.append(Int(first)..<Int(place))
          start = nil
        }
      }
    }
  }

  /// The set with the pixels between runs of a row that at most `gap` pixels part.
  func closingGaps(of gap: Int) -> PixelSet {
    PixelSet(rowsOf: frame) { row, columns in
      let bounds = bounds(ofRow: row)
      var start = bounds.startIndex
      for index in stride(from: bounds.startIndex, to: bounds.endIndex, by: 2)
      where index + 2 == bounds.endIndex || Int(bounds[index + 2] - bounds[index + 1]) > gap {
        columns.append(Int(bounds[start])..<Int(bounds[index + 1]))
        start = index + 2
      }
    }
  }

  /// The runs as ranges of pixels counted through all rows and images.
  public func ranges() -> [Range<Int>] {
    var result: [Range<Int>] = []
    for row in 0..<frame.rowCount {
      let bounds = bounds(ofRow: row)
      for index in stride(from: bounds.startIndex, to: bounds.endIndex, by: 2) {
        let next =
          row * frame.width + Int(bounds[index])..<row * frame.width + Int(bounds[index + 1])
        if let last = result.last, next.lowerBound == last.upperBound {
          result[result.count - 1] = last.lowerBound..<next.upperBound
        } else {
          result.append(next)
        }
      }
    }
    return result
  }

  /// The pixels of `frame`, which has as many images, that `reach` assigns to these, and those
  /// between the columns that it assigns to the ends of a run.
  func reached(_ reach: PixelReach, in frame: Frame) -> PixelSet {
    precondition(frame.images == self.frame.images, "pixels reach pixels of their own image")
    if isEmpty { return PixelSet(noneOf: frame) }
    let sources = reach.rows.inverse
    return PixelSet(rowsOf: frame) { row, columns in
      let image = row / max(frame.height, 1)
      for source in sources.places(of: row % frame.height, count: self.frame.height) {
        let bounds = bounds(ofRow: image * self.frame.height + source)
        for index in stride(from: bounds.startIndex, to: bounds.endIndex, by: 2) {
          let first = reach.columns.first(of: Int(bounds[index]))
          let last = reach.columns.last(of: Int(bounds[index + 1]) - 1)
          columns.insert(max(first, 0)..<max(min(last + 1, frame.width), max(first, 0)))
        }
      }
    }
  }
}

/// Runs of one row after another under construction.
struct PixelRow {
  private(set) var bounds: [Int32] = []
  private var rowStart = 0

  mutating func beginRow() { rowStart = bounds.count }

  /// Adds columns right of all others of the row, or touching the last run.
  mutating func append(_ columns: Range<Int>) {
    guard !columns.isEmpty else { return }
    bounds.append(Int32(columns.lowerBound))
    bounds.append(Int32(columns.upperBound))
  }

  /// Adds columns anywhere.
  mutating func insert(_ columns: Range<Int>) {
    guard !columns.isEmpty else { return }
    var (lower, upper) = (Int32(columns.lowerBound), Int32(columns.upperBound))
    var first = bounds.count
    while first > rowStart, bounds[first - 1] >= lower { first -= 2 }
    var end = first
    while end < bounds.count, bounds[end] <= upper {
      lower = min(lower, bounds[end])
      upper = max(upper, bounds[end + 1])
      end += 2
    }
    bounds.replaceSubrange(first..<end, with: [lower, upper])
  }
}
