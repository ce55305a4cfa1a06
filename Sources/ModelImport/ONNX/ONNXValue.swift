import GraphIR
import TensorCore

/// What is known of an ONNX value while its graph is imported.
enum ONNXValue {
  /// Integers, most often lengths of axes; each may depend on a symbol.
  case numbers(ONNXNumbers)
  /// A stored or computed tensor, `f32` or `bool`, of any rank.
  case constant(ONNXConstant)
  /// A constant repeated to a shape that may depend on symbols.
  case expanded(ONNXConstant, [Dimension])
  /// An `f32` value of the graph, `[N, C, H, W]` or `[N, K]`.
  case graph(ValueID)
  /// A `bool` value of the graph, or what it is not.
  case condition(ValueID, isNegated: Bool)
}

/// A tensor under the name that it has in the graph.
struct ONNXConstant {
  var name: String
  var tensor: Tensor

  /// The value that all elements have, if they are `f32` and equal.
  var uniformValue: Float? {
    guard tensor.elementType == .float32, tensor.elementCount > 0 else { return nil }
    let values = tensor.floats
    let first = values[0]
    for index in values.indices where values[index] != first { return nil }
    return first
  }
}

/// A tensor of integers of rank 0 or more, with bounded symbolic elements.
struct ONNXNumbers {
  /// Most elements; shapes have few.
  static let maximumCount = 4096

  var shape: [Int]
  var elements: [Dimension]

  init(shape: [Int], elements: [Dimension]) {
    self.shape = shape
    self.elements = elements
  }

  init(_ elements: [Dimension]) { self.init(shape: [elements.count], elements: elements) }

  /// The elements of an integer tensor; nil for other types and large tensors.
  init?(_ tensor: Tensor) {
    guard tensor.elementCount <= Self.maximumCount else { return nil }
    let bytes = tensor.bytes
    let elements: [Dimension]
    switch tensor.elementType {
    case .int64:
      elements = (0..<tensor.elementCount).map {
        .fixed(Int(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)))
      }
    case .int32:
      elements = (0..<tensor.elementCount).map {
        .fixed(Int(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)))
      }
    default: return nil
    }
    self.init(shape: tensor.shape, elements: elements)
  }

  /// The elements, when none depends on a symbol.
  var fixed: [Int]? {
    let values = elements.compactMap(\.fixedValue)
    return values.count == elements.count ? values : nil
  }

  /// The elements as `f32`, rounded to nearest.
  var asFloats: Tensor? {
    fixed.map { Tensor($0.map { Float($0) }, shape: shape) }
  }

  /// Applies `body` to pairs of elements, where one element repeats; nil when it or the shapes fail.
  func combined(
    with other: ONNXNumbers, _ body: (Dimension, Dimension) -> Dimension?
  ) -> ONNXNumbers? {
    let count = max(elements.count, other.elements.count)
    guard elements.count == count || elements.count == 1,
      other.elements.count == count || other.elements.count == 1,
      !elements.isEmpty, !other.elements.isEmpty, shape.count <= 1, other.shape.count <= 1
    else { return nil }
    var result: [Dimension] = []
    for index in 0..<count {
      let value = body(
        elements[elements.count == 1 ? 0 : index],
        other.elements[other.elements.count == 1 ? 0 : index])
      guard let value else { return nil }
      result.append(value)
    }
    return ONNXNumbers(
      shape: shape.isEmpty && other.shape.isEmpty ? [] : [count], elements: result)
  }
}

/// Arithmetic of lengths that a file asks for: nil where it would overflow or has no such form.
enum LengthArithmetic {
  static func sum(_ left: Dimension, _ right: Dimension) -> Dimension? {
    if case .fixed(let amount) = right { return add(left, amount) }
    if case .fixed(let amount) = left { return add(right, amount) }
    return nil
  }

  static func difference(_ left: Dimension, _ right: Dimension) -> Dimension? {
    if left == right { return .fixed(0) }
    guard case .fixed(let amount) = right, amount != .min else { return nil }
    return add(left, -amount)
  }

  static func product(_ left: Dimension, _ right: Dimension) -> Dimension? {
    if case .fixed(let factor) = right { return multiply(left, factor) }
    if case .fixed(let factor) = left { return multiply(right, factor) }
    return nil
  }

  /// Division of lengths that are not negative, rounded down.
  static func quotient(_ left: Dimension, _ right: Dimension) -> Dimension? {
    guard case .fixed(let divisor) = right, (1...limit).contains(divisor), isSmall(left) else {
      return nil
    }
    if case .fixed(let value) = left, value < 0 { return nil }
    return left.dividedRoundingDown(by: divisor)
  }

  private static let limit = 1 << 28

  private static func add(_ length: Dimension, _ amount: Int) -> Dimension? {
    if case .fixed(let value) = length {
      let (sum, overflow) = value.addingReportingOverflow(amount)
      return overflow ? nil : .fixed(sum)
    }
    guard (-limit...limit).contains(amount), isSmall(length) else { return nil }
    return length.adding(amount)
  }

  private static func multiply(_ length: Dimension, _ factor: Int) -> Dimension? {
    if case .fixed(let value) = length {
      let (product, overflow) = value.multipliedReportingOverflow(by: factor)
      return overflow ? nil : .fixed(product)
    }
    guard (1...limit).contains(factor), isSmall(length) else { return nil }
    return length.multiplied(by: factor)
  }

  private static func isSmall(_ length: Dimension) -> Bool {
    switch length {
    case .fixed(let value): (-limit...limit).contains(value)
    case .symbolic(let symbol, let scale, let offset, let divisor):
      [symbol.multiple, scale, offset, divisor].allSatisfy { (-limit...limit).contains($0) }
    }
  }
}

extension String {
  /// The text with every character that names in graphs do not allow replaced, cut to 200.
  ///
  /// No `:` is left, so that names made with one differ from all names of the file.
  var asGraphName: String {
    String(
      prefix(200).map { character in
        character.isASCII && (character.isLetter || character.isNumber)
          || "_./-".contains(character) ? character : "_"
      })
  }
}
