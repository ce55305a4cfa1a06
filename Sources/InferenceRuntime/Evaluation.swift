import GraphIR

/// Which pixels one run computes.
struct Evaluation {
  /// Of the results of each node; nil where the node does not run.
  fileprivate(set) var pixels: [PixelSet?]
  /// The right pixels of every kept value after the run.
  fileprivate(set) var valid: [ValueID: PixelSet]
}

/// Finds the pixels that a run has to compute: those that its outputs follow from, but for those
/// that an earlier run left in memory and that no difference of the inputs reaches.
struct Evaluator {
  /// Pixels between two runs of a row that cost less than beginning anew.
  private static let narrowestGap = 8

  let graph: Graph
  let layouts: [ValueID: ValueLayout]
  /// In which units each node computes pixels.
  let units: [PixelUnit]
  /// Values that stay in memory.
  let kept: Set<ValueID>
  let dependencies: InputDependencies

  /// Whether values stay in memory that follow from `input`.
  func isRemembered(_ input: ValueID) -> Bool {
    kept.contains { dependencies.inputs(of: $0).contains(input) }
  }

  /// - Parameters:
  ///   - changed: the pixels of inputs that differ from the latest run.
  ///   - valid: the right pixels of kept values after that run.
  ///   - wanted: the pixels of outputs that somebody looks at; all of those that are not listed.
  func evaluation(
    changed: [ValueID: PixelSet], valid: [ValueID: PixelSet], wanted: [ValueID: PixelSet]
  ) -> Evaluation {
    var result = Evaluation(
      pixels: [PixelSet?](repeating: nil, count: graph.nodes.count),
      valid: remaining(valid, changed: changed))
    var demands: [ValueID: PixelSet] = [:]
    for output in graph.outputs {
      guard let frame = layouts[output.value]?.frame else { continue }
      Self.add(wanted[output.value] ?? PixelSet(allOf: frame), to: output.value, in: &demands)
    }
    for index in graph.nodes.indices.reversed() { demand(index, &demands, &result) }
    return result
  }

  /// Adds the node at `index` and what it reads, if its results are wanted and not there.
  private func demand(
    _ index: Int, _ demands: inout [ValueID: PixelSet], _ result: inout Evaluation
  ) {
    let node = graph.nodes[index]
    guard let output = layouts[node.results[0]],
      let wanted = wanted(node, demands, frame: output.frame)
    else { return }
    let missing = result.valid[node.results[0]].map(wanted.subtracting) ?? wanted
    guard !missing.isEmpty else { return }
    let inputs = node.inputs.compactMap { layouts[$0] }
    let reaches = inputs.indices.map { node.reach(of: $0, inputs, output) }
    let right: PixelSet
    let needs: (PixelReach, PixelSet.Frame) -> PixelSet
    switch units[index] {
    case .tiles(let side, let origin):
      let cover = TileCover(side: side, origin: origin)
      let tiles = cover.tiles(of: missing).closingGaps(of: Self.narrowestGap / side)
      right = tiles.reached(cover.pixels, in: output.frame)
      needs = { tiles.reached($0.following(cover.pixels), in: $1) }
      result.pixels[index] = right
      if kept.contains(node.results[0]) {
        result.valid[node.results[0]] = result.valid[node.results[0]]?.union(right) ?? right
      }
    case .everything:
      let isLocal =
        dependencies.needsAllInputs(node)
        && reaches.indices.allSatisfy {
          reaches[$0] != nil || dependencies.isFixed(node.inputs[$0])
        }
      right = isLocal ? wanted : PixelSet(allOf: output.frame)
      needs = { right.reached($0, in: $1) }
      result.pixels[index] = PixelSet(allOf: output.frame)
      for value in node.results where kept.contains(value) { result.valid[value] = right }
    }
    for (place, input) in node.inputs.enumerated() {
      let frame = inputs[place].frame
      let demand = reaches[place].map { needs($0, frame) } ?? PixelSet(allOf: frame)
      Self.add(demand, to: input, in: &demands)
    }
  }

  /// The wanted pixels of a node's results; nil when there are none.
  private func wanted(
    _ node: Node, _ demands: [ValueID: PixelSet], frame: PixelSet.Frame
  ) -> PixelSet? {
    let results = node.results.compactMap { demands[$0] }
    guard let first = results.first else { return nil }
    return node.results.count == 1 ? first : PixelSet(allOf: frame)
  }

  /// The pixels of `valid` that no difference reaches.
  private func remaining(
    _ valid: [ValueID: PixelSet], changed: [ValueID: PixelSet]
  ) -> [ValueID: PixelSet] {
    guard !valid.isEmpty else { return valid }
    var changes = changed.filter { !$0.value.isEmpty }
    for (index, node) in graph.nodes.enumerated() {
      guard node.inputs.contains(where: { changes[$0] != nil }),
        let output = layouts[node.results[0]]
      else { continue }
      let change = change(node, units[index], output, changes)
      for result in node.results {
        changes[result] =
          node.results.count == 1
          ? change : (layouts[result]?.frame).map(PixelSet.init(allOf:))
      }
    }
    return valid.reduce(into: [:]) { result, entry in
      result[entry.key] = changes[entry.key].map(entry.value.subtracting) ?? entry.value
    }
  }

  /// The pixels of a node's result that the changes of its inputs reach.
  private func change(
    _ node: Node, _ unit: PixelUnit, _ output: ValueLayout, _ changes: [ValueID: PixelSet]
  ) -> PixelSet {
    let inputs = node.inputs.compactMap { layouts[$0] }
    var result = PixelSet(noneOf: output.frame)
    for (place, input) in node.inputs.enumerated() {
      guard let change = changes[input] else { continue }
      guard let reach = node.reach(of: place, inputs, output) else {
        return PixelSet(allOf: output.frame)
      }
      guard case .tiles(let side, let origin) = unit else {
        result = result.union(change.reached(reach.inverse, in: output.frame))
        continue
      }
      let cover = TileCover(side: side, origin: origin)
      let tiles = change.reached(
        reach.following(cover.pixels).inverse, in: cover.frame(of: output.frame))
      result = result.union(tiles.reached(cover.pixels, in: output.frame))
    }
    return result
  }

  private static func add(
    _ pixels: PixelSet, to value: ValueID, in demands: inout [ValueID: PixelSet]
  ) {
    demands[value] = demands[value]?.union(pixels) ?? pixels
  }
}
