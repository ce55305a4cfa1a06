package import GraphIR
package import GraphPasses

extension NarrowingPlan {
  /// The precision of every layer: what was requested, except for layers that narrowing does not
  /// suit; what a table says instead; and at least what the rules keep.
  ///
  /// - Throws: `.unknownName` for a rule that fits no layer, naming the layers.
  package static func chosen(
    for graph: Graph, requested: Precision, storedWeights: Precision = .float32,
    keeping rules: [KeepRule] = [], table: CalibrationTable? = nil
  ) throws(CalibrationError) -> NarrowingPlan {
    let layers = NarrowLayers(graph).all
    for rule in rules where !layers.contains(where: { rule.matches($0.name) }) {
      throw CalibrationError(
        .unknownName,
        "--keep \(rule.precision.rawValue):\(rule.pattern) fits no layer; the network has "
          + layers.map(\.name).joined(separator: ", "))
    }
    var plan = NarrowingPlan(requested: requested, storedWeights: storedWeights)
    let lines = table?.layers.map { ($0.name, $0.precision) } ?? []
    let edited = Dictionary(lines) { first, _ in first }
    for layer in layers {
      let matching = rules.filter { $0.matches(layer.name) }.map(\.precision)
      let least = matching.max() ?? .int8
      if matching.contains(.float32) { plan.wideWeights.insert(layer.name) }
      let suited = layer.reasonToKeep == nil ? requested : .float32
      let wanted = edited[layer.name] ?? suited
      let precision = layer.isImpossible ? .float32 : max(wanted, least)
      if precision != .float32 {
        plan.layers[layer.name] = precision
      } else if requested != .float32 {
        let reason =
          layer.isImpossible || edited[layer.name] == nil && matching.isEmpty
          ? layer.reasonToKeep : nil
        plan.kept.append((layer.name, reason ?? "it was asked for"))
      }
    }
    table?.apply(to: &plan)
    return plan
  }
}
