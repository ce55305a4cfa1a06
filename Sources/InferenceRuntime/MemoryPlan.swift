import GraphIR
import TensorCore

/// Where every value of a plan lies in the arena: values whose lifetimes do not overlap share
/// bytes.
struct MemoryPlan {
  /// Bytes that live from one node to another, both included.
  private struct Buffer {
    let byteCount: Int
    var first: Int
    var last: Int
    var offset = 0
  }

  private var buffers: [Buffer] = []
  private var bufferOfValue: [ValueID: Int] = [:]
  private var bufferOfScratch: [Int: Int] = [:]
  private(set) var byteCount = 0

  /// - Parameters:
  ///   - lowerings: one for each node of `graph`.
  ///   - kept: results that stay from before the first node to after the last, and from run to run.
  init(
    graph: Graph, layouts: [ValueID: ValueLayout], lowerings: [Lowering],
    kept: Set<ValueID> = []
  ) {
    let lastUses = Self.lastUses(graph).merging(
      kept.map { ($0, graph.nodes.count) }, uniquingKeysWith: { $1 })
    for input in graph.inputs {
      addBuffer(for: input.value, layouts, first: -1, last: lastUses[input.value] ?? -1)
    }
    for (index, node) in graph.nodes.enumerated() {
      let lowering = lowerings[index]
      if lowering.scratchByteCount > 0 {
        bufferOfScratch[index] = buffers.count
        buffers.append(Buffer(byteCount: lowering.scratchByteCount, first: index, last: index))
      }
      if let shared = sharedBuffer(node, index, lowering, layouts, kept: kept) {
        bufferOfValue[node.results[0]] = shared
        let last = lastUses[node.results[0]] ?? index
        buffers[shared].last = max(buffers[shared].last, last)
        continue
      }
      if case .constant = lowering.storage { continue }
      for result in node.results {
        addBuffer(
          for: result, layouts, first: kept.contains(result) ? -1 : index,
          last: lastUses[result] ?? index)
      }
    }
    place()
  }

  /// Bytes of `value` in the arena; nil for a constant.
  func place(of value: ValueID) -> (offset: Int, byteCount: Int)? {
    bufferOfValue[value].map { (buffers[$0].offset, buffers[$0].byteCount) }
  }

  /// Scratch bytes of the node at `index`.
  func scratchPlace(ofNode index: Int) -> (offset: Int, byteCount: Int) {
    bufferOfScratch[index].map { (buffers[$0].offset, buffers[$0].byteCount) } ?? (0, 0)
  }

  /// The last node that reads each value; one past the last node for outputs.
  private static func lastUses(_ graph: Graph) -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs { result[input] = index }
    }
    for output in graph.outputs { result[output.value] = graph.nodes.count }
    return result
  }

  private mutating func addBuffer(
    for value: ValueID, _ layouts: [ValueID: ValueLayout], first: Int, last: Int
  ) {
    bufferOfValue[value] = buffers.count
    buffers.append(Buffer(byteCount: layouts[value]?.byteCount ?? 0, first: first, last: last))
  }

  /// A kept result has a buffer of its own: whoever computes the value that it would overwrite
  /// again, for another reader, would spoil it. Neither are inputs overwritten, which are stored
  /// anew in every run.
  private func sharedBuffer(
    _ node: Node, _ index: Int, _ lowering: Lowering, _ layouts: [ValueID: ValueLayout],
    kept: Set<ValueID>
  ) -> Int? {
    switch lowering.storage {
    case .own, .constant: return nil
    case .alias(let input): return bufferOfValue[node.inputs[input]]
    case .inPlace where kept.contains(node.results[0]): return nil
    case .inPlace(let candidates):
      let wanted = layouts[node.results[0]]
      for input in candidates where layouts[node.inputs[input]] == wanted {
        guard let buffer = bufferOfValue[node.inputs[input]], buffers[buffer].last == index,
          buffers[buffer].first >= 0
        else { continue }
        return buffer
      }
      return nil
    }
  }

  /// Puts the largest buffers first, each at the lowest place that is free while it lives.
  private mutating func place() {
    let order = buffers.indices.sorted {
      (buffers[$0].byteCount, $1) > (buffers[$1].byteCount, $0)
    }
    var placed: [Int] = []
    for index in order {
      let buffer = buffers[index]
      let neighbours = placed.filter {
        buffers[$0].first <= buffer.last && buffer.first <= buffers[$0].last
      }.sorted { buffers[$0].offset < buffers[$1].offset }
      var offset = 0
      for other in neighbours {
        if offset + buffer.byteCount <= buffers[other].offset { break }
        offset = max(
          offset, AlignedStorage.aligned(buffers[other].offset + buffers[other].byteCount))
      }
      buffers[index].offset = offset
      byteCount = max(byteCount, AlignedStorage.aligned(offset + buffer.byteCount))
      placed.append(index)
    }
  }
}
