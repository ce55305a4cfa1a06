import TensorCore

extension Operation {
  /// The types of the results, with every length bounded.
  ///
  /// Inputs within the bound keep one step of arithmetic far from overflow, so that a hostile chain
  /// of operations ends in an error.
  func boundedResultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    let types = try resultTypes(inputs)
    for type in types where !type.dimensions.allSatisfy(\.isBounded) {
      throw GraphError(.badShape, "\(mnemonic) makes a value too large to address: \(type)")
    }
    return types
  }

  func requireInputs(
    _ inputs: [ValueType], _ counts: ClosedRange<Int>
  ) throws(GraphError) {
    guard counts.contains(inputs.count) else {
      let wanted =
        counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) or more"
      throw GraphError(.badInputCount, "\(mnemonic) takes \(wanted) inputs, has \(inputs.count)")
    }
  }

  func requireImage(_ type: ValueType) throws(GraphError) {
    guard type.rank == 4, type.layout == .nchw, type.elementType == .float32 else {
      throw GraphError(.badType, "\(mnemonic) needs an f32[N,C,H,W] input, has \(type)")
    }
  }

  func requireFloat(_ type: ValueType) throws(GraphError) {
    guard type.elementType == .float32 else {
      throw GraphError(.badType, "\(mnemonic) needs an f32 input, has \(type)")
    }
  }

  func channelCount(_ type: ValueType) throws(GraphError) -> Int {
    guard let count = type.dimensions[1].fixedValue else {
      throw GraphError(.badShape, "\(mnemonic) needs a fixed number of channels, has \(type)")
    }
    return count
  }

  func requireVector(_ type: ValueType, count: Int, _ role: String) throws(GraphError) {
    guard type.elementType == .float32, type.fixedShape == [count] else {
      throw GraphError(.badShape, "\(role) of \(mnemonic) must be f32[\(count)], is \(type)")
    }
  }

  /// The type of an image whose windows are pooled or convolved.
  func windowedType(
    _ input: ValueType, channels: Int, _ window: Window
  ) throws(GraphError) -> ValueType {
    var result = input
    result.dimensions[1] = .fixed(channels)
    for axis in 0..<2 {
      let length = window.resultLength(of: input.dimensions[2 + axis], axis: axis)
      if let count = length.fixedValue, count < 1 {
        throw GraphError(
          .badShape, "\(mnemonic): the window is larger than the padded input \(input)")
      }
      result.dimensions[2 + axis] = length
    }
    return result
  }
}
