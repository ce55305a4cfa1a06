import GraphIR

/// What sizes of pictures a network takes.
enum PictureSize {
  case any
  case multiples(height: Int, width: Int)
  case fixed(height: Int, width: Int)

  /// The multiples that rows and columns of pictures must have, or the one size they must have.
  init(_ graph: Graph) {
    guard let type = graph.inputs.first?.type, type.rank == 4 else {
      self = .any
      return
    }
    let axes = type.layout == .nhwc ? [1, 2] : [2, 3]
    switch (type.dimensions[axes[0]], type.dimensions[axes[1]]) {
    case (.fixed(let height), .fixed(let width)): self = .fixed(height: height, width: width)
    case (.symbolic(let rows, _, _, _), .symbolic(let columns, _, _, _)):
      self = .multiples(height: rows.multiple, width: columns.multiple)
    default: self = .any
    }
  }

  /// The size that is taken and nearest to this one, once its longer side is at most `longest`.
  func nearest(
    height: Int, width: Int, longest: Int
  ) -> (height: Int, width: Int) {
    let share = min(Double(longest) / Double(max(height, width)), 1)
    func length(_ value: Int, multiple: Int) -> Int {
      max(Int((Double(value) * share / Double(multiple)).rounded()), 1) * multiple
    }
    switch self {
    case .any: return (length(height, multiple: 1), length(width, multiple: 1))
    case .fixed(let rows, let columns): return (rows, columns)
    case .multiples(let rows, let columns):
      return (length(height, multiple: rows), length(width, multiple: columns))
    }
  }
}
