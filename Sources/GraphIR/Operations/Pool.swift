public import TensorCore

/// The maximum or the mean over a sliding window.
///
/// Border cells never win a maximum. A mean counts them as zeros when `counts_border` is 1.
public struct Pool: Operation {
  public enum Mode: String, CaseIterable, Sendable {
    case maximum, average
  }

  public static let mnemonic = "pool"
  public let mode: Mode
  public let window: Window
  public let countsBorder: Bool

  public init(mode: Mode, window: Window, countsBorder: Bool = true) {
    self.mode = mode
    self.window = window
    self.countsBorder = countsBorder
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    countsBorder = try attributes.flag("counts_border")
    mode = try attributes.choice("mode", Mode.self)
    window = Window(
      kernel: try attributes.integers("kernel", count: 2, in: Window.sizes),
      stride: try attributes.integers("stride", count: 2, in: Window.sizes),
      padding: try attributes.integers("padding", count: 4, in: Window.borders))
  }

  public var attributes: Attributes {
    [
      "counts_border": .integer(countsBorder ? 1 : 0), "kernel": .integers(window.kernel),
      "mode": .string(mode.rawValue), "padding": .integers(window.padding),
      "stride": .integers(window.stride),
    ]
  }
  public var exactness: Exactness { mode == .maximum ? .bitExact : .reassociates }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    guard zip(window.padding, window.kernel + window.kernel).allSatisfy({ $0 < $1 }) else {
      throw GraphError(.badShape, "pool: the border must be narrower than the window")
    }
    return [try windowedType(inputs[0], channels: channelCount(inputs[0]), window)]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let x = inputs[0].floatArray
    let height = window.resultLength(of: .fixed(shape[2]), axis: 0).fixedValue ?? 0
    let width = window.resultLength(of: .fixed(shape[3]), axis: 1).fixedValue ?? 0
    var result: [Float] = []
    for plane in 0..<shape[0] * shape[1] {
      for row in 0..<height {
        let rows = cells(row, axis: 0, limit: shape[2])
        for column in 0..<width {
          let columns = cells(column, axis: 1, limit: shape[3])
          var maximum = -Float.infinity
          var sum = 0.0
          for y in rows {
            for z in columns {
              let value = x[(plane * shape[2] + y) * shape[3] + z]
              if value > maximum || value.isNaN { maximum = value }
              sum += Double(value)
            }
          }
          let count =
            countsBorder ? window.kernel[0] * window.kernel[1] : rows.count * columns.count
          result.append(mode == .maximum ? maximum : Float(sum / Double(count)))
        }
      }
    }
    return [Tensor(result, shape: [shape[0], shape[1], height, width])]
  }

  private func cells(_ position: Int, axis: Int, limit: Int) -> Range<Int> {
    let start = position * window.stride[axis] - window.padding[axis]
    return max(start, 0)..<min(start + window.kernel[axis], limit)
  }
}
