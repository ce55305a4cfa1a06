public import TensorCore

extension Graph {
  /// The values that follow from what an input other than the mask holds: no masks, window sums or
  /// ratios. Inputs themselves are not among them.
  ///
  /// - Parameter elementTypes: which values to give, by how they are stored.
  public func pictureValues(
    _ elementTypes: Set<ElementType> = [.float32]
  ) -> Set<ValueID> {
    var found = pictureInputs
    var results: Set<ValueID> = []
    for node in nodes
    where node.values.contains(where: found.contains) {
      for value in node.results {
        guard let type = type(of: value)?.elementType, type != .bool else { continue }
        found.insert(value)
        if elementTypes.contains(type) { results.insert(value) }
      }
    }
    return results
  }

  /// The inputs that hold pictures: all but the one called `mask`, or that one alone.
  public var pictureInputs: Set<ValueID> {
    let others = inputs.filter { $0.name != "mask" }
    return Set((others.isEmpty ? inputs : others).map(\.value))
  }
}

extension Node {
  /// The inputs whose numbers the results depend on, and not their sizes alone.
  fileprivate var values: ArraySlice<ValueID> {
    switch operation {
    case is OnesPlane: []
    case is ResizeNearest: inputs.prefix(1)
    default: inputs[...]
    }
  }
}
