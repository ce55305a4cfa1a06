import CModelSchema
import TensorCore

/// Turns tensor messages into tensors whose bytes are read on demand.
struct ONNXTensorReader {
  let messages: ONNXMessageReader

  /// - Parameter elements: where the elements lie in the file, when they were cut out.
  /// - Throws: `.unsupported` for other element types, `.corrupt` for a size that does not fit.
  @unsafe func tensor(
    _ message: Onnx__Tensor, name: String, elements: ONNXDescription.Elements?
  ) throws(CheckpointError) -> StoredTensor {
    guard let type = unsafe ElementType(onnxNumber: message.data_type) else {
      throw CheckpointError(
        .unsupported, "has elements of ONNX type \(unsafe message.data_type)",
        file: messages.file.name, subject: name)
    }
    let shape = unsafe UnsafeBufferPointer(start: message.dims, count: message.n_dims)
      .map { Int($0) }
    let block: StoredBlock
    if unsafe message.data_location == 1 {
      guard elements == nil else { throw corrupt(name, "has its elements twice") }
      block = try unsafe messages.externalData.block(
        messages.properties(message.external_data, message.n_external_data),
        byteCount: byteCount(shape, type, name), tensor: name, model: messages.file.name)
    } else if let elements {
      guard elements.field == 9 || elements.field == (type == .float32 ? 4 : 10),
        elements.field != 10 || type == .float64
      else { throw corrupt(name, "has elements of another type than it declares") }
      block = StoredBlock(
        messages.file, offset: elements.offset, byteCount: elements.byteCount)
    } else {
      let bytes = unsafe inlineBytes(message, type)
      block = StoredBlock(
        FileBytes(bytes, name: messages.file.name), offset: 0, byteCount: bytes.count)
    }
    let tensor = try StoredTensor(name: name, elementType: type, shape: shape, block: block)
    guard tensor.byteCount == block.byteCount else {
      throw corrupt(name, "has \(block.byteCount) bytes where its shape needs \(tensor.byteCount)")
    }
    return tensor
  }

  private func corrupt(_ name: String, _ problem: String) -> CheckpointError {
    CheckpointError(.corrupt, problem, file: messages.file.name, subject: name)
  }

  private func byteCount(
    _ shape: [Int], _ type: ElementType, _ name: String
  ) throws(CheckpointError) -> Int {
    var count = type.byteCount
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { throw corrupt(name, "has an impossible shape") }
      count = product
    }
    return count
  }

  /// The elements in one of the fields for small tensors, as little-endian bytes.
  ///
  /// `int32_data` also holds the bits of 16-bit floats and the smaller integers.
  @unsafe private func inlineBytes(_ message: Onnx__Tensor, _ type: ElementType) -> [UInt8] {
    if unsafe message.has_raw_data != 0 {
      return unsafe Array(
        UnsafeBufferPointer(start: message.raw_data.data, count: message.raw_data.len))
    }
    switch type {
    case .float32:
      return unsafe littleEndian(message.float_data, message.n_float_data) { $0.bitPattern }
    case .float64:
      return unsafe littleEndian(message.double_data, message.n_double_data) { $0.bitPattern }
    case .int64: return unsafe littleEndian(message.int64_data, message.n_int64_data) { $0 }
    case .int32: return unsafe littleEndian(message.int32_data, message.n_int32_data) { $0 }
    case .int16, .float16, .bfloat16:
      return unsafe littleEndian(message.int32_data, message.n_int32_data) {
        Int16(truncatingIfNeeded: $0)
      }
    case .int8, .uint8, .bool:
      return unsafe littleEndian(message.int32_data, message.n_int32_data) {
        Int8(truncatingIfNeeded: $0)
      }
    }
  }

  @unsafe private func littleEndian<Element, Bits: FixedWidthInteger>(
    _ values: UnsafeMutablePointer<Element>?, _ count: Int, _ bits: (Element) -> Bits
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count * Bits.bitWidth / 8)
    let found = unsafe UnsafeBufferPointer(start: values, count: count)
    for index in found.indices {
      let value = unsafe found[index]
      let pattern = bits(value)
      for shift in stride(from: 0, to: Bits.bitWidth, by: 8) {
        result.append(UInt8(truncatingIfNeeded: pattern >> Bits(shift)))
      }
    }
    return result
  }
}
