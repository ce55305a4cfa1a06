extension VerifiedGraph {
  /// Values of the inputs' symbols for `batch` pictures of `height` by `width`.
  ///
  /// Symbols go by the axes of pictures that they stand on, whatever their names; N, H and W also
  /// stand for themselves on other axes.
  public func symbolValues(batch: Int, height: Int, width: Int) -> [String: Int] {
    var values = ["N": batch, "H": height, "W": width]
    for axes in graph.inputs.compactMap(\.type.pictureAxes) {
      for (axis, length) in [(axes.batch, batch), (axes.height, height), (axes.width, width)] {
        if case .symbolic(let symbol, 1, 0, 1) = axis { values[symbol.name] = length }
      }
    }
    return values
  }

  /// The sizes that the graph's multiples make the closest to `wanted` rows and columns.
  public func nearestSize(to wanted: Int) -> (height: Int, width: Int) {
    let axes = graph.inputs.lazy.compactMap(\.type.pictureAxes).first
    func length(_ axis: Dimension?) -> Int {
      guard case .symbolic(let symbol, _, _, _) = axis else { return axis?.fixedValue ?? wanted }
      return max(wanted / symbol.multiple, 1) * symbol.multiple
    }
    return (length(axes?.height), length(axes?.width))
  }
}

extension ValueType {
  /// The axes of a picture by meaning; nil for other values.
  fileprivate var pictureAxes: (batch: Dimension, height: Dimension, width: Dimension)? {
    guard rank == 4 else { return nil }
    switch layout {
    case .nchw: return (dimensions[0], dimensions[2], dimensions[3])
    case .nhwc: return (dimensions[0], dimensions[1], dimensions[2])
    case .plain: return nil
    }
  }
}
