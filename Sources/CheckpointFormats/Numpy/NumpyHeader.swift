package import TensorCore

/// What the header of a `.npy` file says: element type, byte order, element order, shape.
///
/// - Source: numpy.lib.format, NEP 1
package struct NumpyHeader: Equatable, Sendable {
  package let elementType: ElementType
  package let isBigEndian: Bool
  package let isFortranOrder: Bool
  package let shape: [Int]

  package init(elementType: ElementType, isBigEndian: Bool, isFortranOrder: Bool, shape: [Int]) {
    self.elementType = elementType
    self.isBigEndian = isBigEndian
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// The type that a dtype string such as `<f4` or `|u1` names, or nil.
  package static func elementType(
    named name: String
  ) -> (elementType: ElementType, isBigEndian: Bool)? {
    guard let order = name.first, "<>|=".contains(order) else { return nil }
    let type: ElementType
    switch name.dropFirst() {
    case "f4": type = .float32
    case "f8": type = .float64
    case "f2": type = .float16
    case "i8": type = .int64
    case "i4": type = .int32
    case "i2": type = .int16
    case "i1": type = .int8
    case "u1": type = .uint8
    case "b1": type = .bool
    default: return nil
    }
    guard order != "|" || type.byteCount == 1 else { return nil }
    return (type, order == ">" && type.byteCount > 1)
  }

  /// The array as a tensor over the data that starts at `offset` of `block`.
  ///
  /// - Throws: `.truncated` or `.corrupt` unless the data is exactly the array.
  package func tensor(
    named name: String, in block: StoredBlock, at offset: Int
  ) throws(CheckpointError) -> StoredTensor {
    var strides: [Int]?
    if isFortranOrder {
      var running = 1
      var order: [Int] = []
      for size in shape {
        order.append(running)
        let (product, overflow) = running.multipliedReportingOverflow(by: max(size, 1))
        running = overflow ? 0 : product
      }
      strides = order
    }
    let tensor = try StoredTensor(
      name: name, elementType: elementType, shape: shape, strides: strides, byteOffset: offset,
      isBigEndian: isBigEndian, block: block)
    guard tensor.byteCount == block.byteCount - offset else {
      throw CheckpointError(
        .corrupt,
        "holds \(block.byteCount - offset) bytes of data where its shape needs \(tensor.byteCount)",
        file: block.file, subject: name)
    }
    return tensor
  }
}
