import TensorCore

/// Type and shape of a dataset, as sent by the child before the dataset's bytes.
struct HDF5DatasetHeader {
  /// Element types in wire order.
  static let elementTypes: [ElementType] = [
    .float32, .float64, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint8, .bool,
  ]

  /// Type of the elements as sent, always little endian.
  let elementType: ElementType
  /// Sizes of the axes, outermost first.
  let shape: [Int]
  /// Bytes that follow the header.
  let byteCount: Int

  /// `nil` when the rank is over the limit or the size overflows.
  init?(elementType: ElementType, shape: [UInt64]) {
    guard shape.count <= HDF5Limits.rank else { return nil }
    var product = elementType.byteCount
    var sizes: [Int] = []
    for size in shape {
      guard let size = Int(exactly: size) else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      product = next
      sizes.append(size)
    }
    self.elementType = elementType
    self.shape = sizes
    self.byteCount = product
  }

  /// Takes a header from a message.
  init(from reader: inout HDF5MessageReader) throws(CheckpointError) {
    let code = Int(try reader.integer(UInt8.self))
    let rank = Int(try reader.integer(UInt8.self))
    var shape: [UInt64] = []
    for _ in 0..<rank { shape.append(try reader.integer()) }
    guard Self.elementTypes.indices.contains(code),
      let header = Self(elementType: Self.elementTypes[code], shape: shape)
    else { throw reader.violation("a dataset header makes no sense") }
    self = header
  }

  /// Adds the header to a message.
  func append(to body: inout HDF5MessageBody) {
    guard let code = Self.elementTypes.firstIndex(of: elementType) else {
      preconditionFailure("\(elementType) has no wire code")
    }
    body.append(UInt8(code))
    body.append(UInt8(shape.count))
    for size in shape { body.append(UInt64(size)) }
  }
}
