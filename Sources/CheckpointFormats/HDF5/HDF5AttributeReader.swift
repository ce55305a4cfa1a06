import CHDF5
import Glibc

/// Reads attributes in the child: both kinds of string, numbers, truth values, empty lists.
struct HDF5AttributeReader {
  private var byteBudget = HDF5Limits.attributeBytes

  /// Reads the attribute `name` of `object` and sends it to the parent.
  mutating func report(
    _ name: String, of object: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) {
    var body = HDF5MessageBody()
    body.append(name)
    body.append(try read(name, of: object, subject: "\(path)@\(name)"))
    HDF5Report.send(.attribute, body)
  }

  /// The value of the attribute `name` of `object`.
  mutating func read(
    _ name: String, of object: borrowing HDF5Handle, subject: String
  ) throws(HDF5Refusal) -> HDF5Attribute {
    guard let attribute = HDF5Handle(unsafe H5Aopen(object.id, name, 0)),
      let type = HDF5Handle(H5Aget_type(attribute.id)),
      let space = HDF5Handle(H5Aget_space(attribute.id))
    else {
      throw HDF5Refusal(.corrupt, "is damaged: an attribute cannot be opened", subject: subject)
    }
    let count = H5Sget_simple_extent_npoints(space.id)
    guard count > 0 else { return .empty }
    let size = H5Tget_size(type.id)
    let (byteCount, overflow) = max(size, 8).multipliedReportingOverflow(by: Int(count))
    guard !overflow, size > 0, byteCount <= byteBudget else {
      throw HDF5Refusal(
        .limitExceeded, "holds an attribute of \(count) values of \(size) bytes each",
        subject: subject)
    }
    byteBudget -= byteCount
    let isScalar = H5Sget_simple_extent_type(space.id) == H5S_SCALAR
    let source = AttributeSource(
      attribute: attribute.id, type: type.id, space: space.id, count: Int(count), subject: subject)
    switch H5Tget_class(type.id) {
    case H5T_STRING:
      let values = try strings(source, size: size)
      return isScalar ? .string(values[0]) : .strings(values)
    case H5T_INTEGER, H5T_ENUM:
      guard size < 8 || H5Tget_sign(type.id) != H5T_SGN_NONE else {
        throw HDF5Refusal(
          .unsupported, "holds an attribute of unsigned 64-bit integers", subject: subject)
      }
      return .integers(try numbers(source, as: pc_hdf5_i64le(), zero: 0))
    case H5T_FLOAT: return .doubles(try numbers(source, as: pc_hdf5_f64le(), zero: 0))
    default:
      throw HDF5Refusal(
        .unsupported, "holds an attribute that is neither text nor numbers", subject: subject)
    }
  }

  /// What one read needs; the identifiers are owned by `read`.
  private struct AttributeSource {
    let attribute: hid_t
    let type: hid_t
    let space: hid_t
    let count: Int
    let subject: String

    var unreadable: HDF5Refusal {
      HDF5Refusal(.corrupt, "is damaged: an attribute cannot be read", subject: subject)
    }
  }

  private func numbers<Value>(
    _ source: AttributeSource, as type: hid_t, zero: Value
  ) throws(HDF5Refusal) -> [Value] {
    var values = [Value](repeating: zero, count: source.count)
    let status = unsafe values.withUnsafeMutableBytes {
      unsafe H5Aread(source.attribute, type, $0.baseAddress)
    }
    guard status >= 0 else { throw source.unreadable }
    return values
  }

  private mutating func strings(
    _ source: AttributeSource, size: Int
  ) throws(HDF5Refusal) -> [String] {
    guard H5Tis_variable_str(source.type) > 0 else {
      return try fixedStrings(source, size: size)
    }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: source.count)
    guard unsafe H5Aread(source.attribute, source.type, &pointers) >= 0 else {
      throw source.unreadable
    }
    var values: [String] = []
    for index in unsafe pointers.indices {
      guard let pointer = unsafe pointers[index] else {
        values.append("")
        continue
      }
      byteBudget -= unsafe strlen(pointer)
      guard byteBudget >= 0 else {
        throw HDF5Refusal(
          .limitExceeded, "holds more than \(HDF5Limits.attributeBytes) bytes of attributes",
          subject: source.subject)
      }
      guard let value = unsafe String(validatingCString: pointer) else {
        throw HDF5Refusal(.corrupt, "holds text that is not UTF-8", subject: source.subject)
      }
      values.append(value)
    }
    _ = unsafe H5Dvlen_reclaim(source.type, source.space, 0, &pointers)
    return values
  }

  private func fixedStrings(
    _ source: AttributeSource, size: Int
  ) throws(HDF5Refusal) -> [String] {
    var bytes = [UInt8](repeating: 0, count: source.count * size)
    guard unsafe H5Aread(source.attribute, source.type, &bytes) >= 0 else {
      throw source.unreadable
    }
    let padding: UInt8 = H5Tget_strpad(source.type) == H5T_STR_SPACEPAD ? UInt8(ascii: " ") : 0
    var values: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      var text = bytes[start..<start + size]
      if padding == 0 { text = text.prefix { $0 != 0 } }
      while padding != 0, text.last == padding { text.removeLast() }
      guard let value = String(validating: text, as: UTF8.self) else {
        throw HDF5Refusal(.corrupt, "holds text that is not UTF-8", subject: source.subject)
      }
      values.append(value)
    }
    return values
  }
}
