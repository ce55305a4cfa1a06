import GraphIR

/// Finds ratios that divide by the window sum of a mask and nothing else.
///
/// The layers of this kind add 1e-8 to the sum, or choose another number where it is 0. An exporter
/// that takes `s + 1e-8` for s leaves `k / s`, which is infinite where a window sees no valid pixel;
/// times 0 it is NaN, and the picture is lost around every large hole.
enum UnguardedDivision {
  /// The warning for a graph, as its file states it; nil when every division is guarded.
  static func warning(_ graph: Graph) -> String? {
    let producers = graph.producers()
    let found = graph.nodes.filter { node in
      node.operation is Divide && isBareSum(node.inputs[1], graph, producers)
    }
    guard let first = found.first else { return nil }
    return
      "warning: \(found.count) divisions by a mask sum, the first at '\(first.label)', have no "
      + "1e-8 and no guard, so windows without a valid pixel give NaN; the exporter removed it: "
      + "export with optimize=False or dynamo=False, or convert the checkpoint itself"
  }

  private static func isBareSum(
    _ value: ValueID, _ graph: Graph, _ producers: [ValueID: Int]
  ) -> Bool {
    var value = value
    while let index = producers[value] {
      let node = graph.nodes[index]
      switch node.operation {
      case is Multiply, is Divide:
        guard let scalar = node.inputs.firstIndex(where: { isNumber($0, graph, producers) }) else {
          return false
        }
        value = node.inputs[1 - scalar]
      case is ExpandChannels, is UpsampleNearest, is ResizeNearest: value = node.inputs[0]
      case is Convolution:
        let kernel = producers[node.inputs[1]].map { graph.nodes[$0].operation }
        return (kernel as? Fill).map { $0.value > 0 } ?? false
      default: return false
      }
    }
    return false
  }

  private static func isNumber(
    _ value: ValueID, _ graph: Graph, _ producers: [ValueID: Int]
  ) -> Bool {
    producers[value].map { graph.nodes[$0].operation is Fill } ?? false
  }
}
