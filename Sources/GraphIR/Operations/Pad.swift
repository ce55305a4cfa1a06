public import TensorCore

/// A border around each picture: zeros, or the opposite edge (circular).
public struct Pad: Operation {
  public enum Mode: String, CaseIterable, Sendable {
    case zero, circular
  }

  public static let mnemonic = "pad"
  public let mode: Mode
  /// Border cells: top, left, bottom, right.
  public let border: [Int]

  public init(mode: Mode, border: [Int]) {
    self.mode = mode
    self.border = border
  }

  public init(reading attributes: inout AttributeReader) throws(GraphError) {
    border = try attributes.integers("border", count: 4, in: Window.borders)
    mode = try attributes.choice("mode", Mode.self)
  }

  public var attributes: Attributes {
    ["border": .integers(border), "mode": .string(mode.rawValue)]
  }
  public var exactness: Exactness { .bitExact }

  public func resultTypes(_ inputs: [ValueType]) throws(GraphError) -> [ValueType] {
    try requireInputs(inputs, 1...1)
    try requireImage(inputs[0])
    var result = inputs[0]
    for axis in 0..<2 {
      let length = result.dimensions[2 + axis]
      let widest = max(border[axis], border[axis + 2])
      if mode == .circular, let count = length.fixedValue, widest > count {
        throw GraphError(.badShape, "a circular border of \(widest) around \(inputs[0])")
      }
      result.dimensions[2 + axis] = length.adding(border[axis] + border[axis + 2])
    }
    return [result]
  }

  public func evaluate(_ inputs: [Tensor]) -> [Tensor] {
    let shape = inputs[0].shape
    let (rows, columns) = (shape[2], shape[3])
    return [
      gather(inputs[0], rows + border[0] + border[2], columns + border[1] + border[3]) {
        let (y, x) = ($0 - border[0], $1 - border[1])
        if mode == .circular { return ((y + rows) % rows, (x + columns) % columns) }
        return y >= 0 && y < rows && x >= 0 && x < columns ? (y, x) : nil
      }
    ]
  }
}
