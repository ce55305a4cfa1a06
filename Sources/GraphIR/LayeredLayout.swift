/// Places of boxes in ranks from top to bottom, so that every edge goes down.
///
/// A box stands one rank below the lowest box it follows. In a rank, boxes are ordered by the mean
/// place of their neighbours, in a few sweeps down and up, and stand as near below their sources as
/// their order lets them. Edges over several ranks run in lanes to the right of all boxes there.
/// - Source: Sugiyama, Tagawa, Toda 1981, without dummy vertices.
struct LayeredLayout {
  /// In pixels, from the top left corner.
  struct Frame {
    var x: Int
    var y: Int
    let width: Int
    let height: Int
  }

  private static let gap = 24
  private static let rankGap = 36
  private static let laneWidth = 10
  private static let sweepCount = 4

  private(set) var frames: [Frame]
  /// The x of the lane of each edge that passes ranks; nil for the others, in the order of edges.
  private(set) var lanes: [Int?] = []
  private(set) var width = 0
  private(set) var height = 0
  private let edges: [(from: Int, to: Int)]
  private let sources: [[Int]]
  private let readers: [[Int]]
  private let rankOf: [Int]
  private var ranks: [[Int]]

  /// - Parameters:
  ///   - sizes: width and height of each box.
  ///   - edges: between boxes, each from a lower index to a higher one.
  init(sizes: [(width: Int, height: Int)], edges: [(from: Int, to: Int)]) {
    precondition(edges.allSatisfy { $0.from < $0.to }, "an edge of a drawing goes backwards")
    self.edges = edges
    frames = sizes.map { Frame(x: 0, y: 0, width: $0.width, height: $0.height) }
    var sources = [[Int]](repeating: [], count: sizes.count)
    var readers = sources
    for edge in edges {
      sources[edge.to].append(edge.from)
      readers[edge.from].append(edge.to)
    }
    (self.sources, self.readers) = (sources, readers)
    var rankOf = [Int](repeating: 0, count: sizes.count)
    for box in sizes.indices { rankOf[box] = (sources[box].map { rankOf[$0] + 1 }.max() ?? 0) }
    self.rankOf = rankOf
    ranks = [[Int]](repeating: [], count: (rankOf.max() ?? -1) + 1)
    for box in sizes.indices { ranks[rankOf[box]].append(box) }
    for sweep in 0..<Self.sweepCount { order(downwards: sweep % 2 == 0) }
    placeBoxes()
    placeLanes()
  }

  private mutating func order(downwards: Bool) {
    var places = [Double](repeating: 0, count: frames.count)
    func number(_ rank: [Int]) {
      for (place, box) in rank.enumerated() { places[box] = Double(place) / Double(rank.count) }
    }
    for rank in ranks { number(rank) }
    let indices = Array(ranks.indices)
    for index in downwards ? indices : indices.reversed() {
      let wanted = ranks[index].map { box in
        let neighbours = downwards ? sources[box] : readers[box]
        let sum = neighbours.reduce(0) { $0 + places[$1] }
        return neighbours.isEmpty ? places[box] : sum / Double(neighbours.count)
      }
      let order = ranks[index].indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
      ranks[index] = order.map { ranks[index][$0] }
      number(ranks[index])
    }
  }

  private mutating func placeBoxes() {
    var top = 0
    for rank in ranks {
      var next = Int.min / 2
      var drift = 0
      for box in rank {
        let centres = sources[box].map { frames[$0].x + frames[$0].width / 2 }
        let centre = centres.isEmpty ? 0 : centres.reduce(0, +) / centres.count
        let wanted = centre - frames[box].width / 2
        frames[box].x = max(wanted, next)
        frames[box].y = top
        drift += frames[box].x - wanted
        next = frames[box].x + frames[box].width + Self.gap
      }
      for box in rank { frames[box].x -= drift / rank.count }
      top += (rank.map { frames[$0].height }.max() ?? 0) + Self.rankGap
    }
    let left = frames.map(\.x).min() ?? 0
    for box in frames.indices {
      frames[box].x += Self.gap - left
      frames[box].y += Self.gap
    }
    width = (frames.map { $0.x + $0.width }.max() ?? 0) + Self.gap
    height = max(top - Self.rankGap, 0) + 2 * Self.gap
  }

  /// Gives each edge over ranks the nearest lane that no earlier edge of the same ranks takes.
  private mutating func placeLanes() {
    var ends = [Int](repeating: 0, count: ranks.count)
    for (rank, boxes) in ranks.enumerated() {
      ends[rank] = boxes.map { frames[$0].x + frames[$0].width }.max() ?? 0
    }
    lanes = edges.map { edge in
      let passed = rankOf[edge.from] + 1..<rankOf[edge.to]
      guard let end = ends[passed].max() else { return nil }
      let lane = end + Self.laneWidth
      for rank in passed { ends[rank] = lane }
      return lane
    }
    width = max(width, (lanes.compactMap(\.self).max() ?? 0) + Self.gap)
  }
}
