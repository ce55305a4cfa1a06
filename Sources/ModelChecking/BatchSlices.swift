package import GraphIR

/// The parts of a batch that are run one after the other, so that memory does not grow with it.
package struct BatchSlices: Sendable {
  /// Input bytes of one part, unless a single item has more.
  private static let byteCount = 2 << 20

  /// Rows of the first axis of each part; one part of everything when a batch cannot be divided.
  package let ranges: [Range<Int>]
  /// Rows of all parts; nil when the batch cannot be divided.
  package let total: Int?

  /// - Parameter shapes: of the inputs, in the graph's order.
  package init(_ graph: VerifiedGraph, shapes: [[Int]]) {
    guard Self.isDivisible(graph), let total = shapes.first?.first, total > 0,
      shapes.allSatisfy({ $0.first == total })
    else {
      ranges = [0..<(shapes.first?.first ?? 1)]
      self.total = nil
      return
    }
    let rowBytes = shapes.reduce(0.0) { sum, shape in
      sum + shape.dropFirst().reduce(4.0) { $0 * Double($1) }
    }
    let step = max(Int((Double(Self.byteCount) / max(rowBytes, 1)).rounded(.down)), 1)
    ranges = stride(from: 0, to: total, by: step).map { $0..<min($0 + step, total) }
    self.total = total
  }

  /// Whether items of a batch do not see each other: one batch symbol throughout, and no statistics
  /// over the batch.
  private static func isDivisible(_ graph: VerifiedGraph) -> Bool {
    let types =
      graph.graph.inputs.map(\.type) + graph.graph.outputs.map { graph.type(of: $0.value) }
    guard let batch = types.first?.dimensions.first, case .symbolic(_, 1, 0, 1) = batch,
      types.allSatisfy({ $0.dimensions.first == batch })
    else { return false }
    return !graph.graph.nodes.contains {
      ($0.operation as? BatchNormalization)?.statistics == .batch
    }
  }
}
