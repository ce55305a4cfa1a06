import CHDF5
import TensorCore

/// The element type of a dataset, and the library's type by which its bytes are read.
struct HDF5MemoryType: ~Copyable {
  /// Type of the elements in memory.
  let elementType: ElementType
  /// What the library converts to while it reads.
  let type: HDF5Handle

  /// Recognises the standard floats, integers, truth values and Keras's opaque `bfloat16`.
  ///
  /// Values are read in the stored type, turned to little endian; `u16` and `u32` widen to `i64`.
  static func of(
    _ dataset: borrowing HDF5Handle, attributes: inout HDF5AttributeReader, path: String
  ) throws(HDF5Refusal) -> HDF5MemoryType {
    guard let stored = HDF5Handle(H5Dget_type(dataset.id)) else { throw damaged(path) }
    let elementType: ElementType
    switch H5Tget_class(stored.id) {
    case H5T_FLOAT: elementType = try float(stored, path: path)
    case H5T_INTEGER: elementType = try integer(stored, path: path)
    case H5T_ENUM where H5Tget_size(stored.id) == 1 && H5Tget_nmembers(stored.id) == 2:
      elementType = .bool
    case H5T_OPAQUE where H5Tget_size(stored.id) == 2:
      let name = try attributes.read("dtype", of: dataset, subject: "\(path)@dtype")
      guard name == .string("bfloat16") else { throw unknown("opaque bytes", path: path) }
      elementType = .bfloat16
    case let other: throw unknown(names[other.rawValue] ?? "values of a special type", path: path)
    }
    let isWidened = elementType.byteCount > H5Tget_size(stored.id)
    guard let type = HDF5Handle(H5Tcopy(isWidened ? pc_hdf5_i64le() : stored.id)),
      H5Tget_order(type.id) != H5T_ORDER_BE || H5Tset_order(type.id, H5T_ORDER_LE) >= 0
    else { throw damaged(path) }
    return HDF5MemoryType(elementType: elementType, type: type)
  }

  private init(elementType: ElementType, type: consuming HDF5Handle) {
    self.elementType = elementType
    self.type = type
  }

  private static func damaged(_ path: String) -> HDF5Refusal {
    HDF5Refusal(.corrupt, "is damaged: a datatype cannot be read", subject: path)
  }

  private static let names: [Int32: String] = [
    H5T_TIME.rawValue: "times", H5T_STRING.rawValue: "text", H5T_BITFIELD.rawValue: "bit fields",
    H5T_COMPOUND.rawValue: "compound records", H5T_REFERENCE.rawValue: "references",
    H5T_VLEN.rawValue: "sequences of varying length", H5T_ARRAY.rawValue: "arrays",
    H5T_ENUM.rawValue: "enumerations", H5T_OPAQUE.rawValue: "opaque bytes",
  ]

  private static func unknown(_ what: String, path: String) -> HDF5Refusal {
    HDF5Refusal(
      .unsupported, "holds a dataset of \(what), not numbers of a known type", subject: path)
  }

  private static func checkIsPlain(
    _ type: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) {
    let order = H5Tget_order(type.id)
    guard order == H5T_ORDER_LE || order == H5T_ORDER_BE, H5Tget_offset(type.id) == 0,
      H5Tget_precision(type.id) == H5Tget_size(type.id) * 8
    else { throw unknown("numbers of an unusual layout", path: path) }
  }

  private static func integer(
    _ type: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) -> ElementType {
    try checkIsPlain(type, path: path)
    let isUnsigned = H5Tget_sign(type.id) == H5T_SGN_NONE
    switch (H5Tget_size(type.id), isUnsigned) {
    case (1, true): return .uint8
    case (1, false): return .int8
    case (2, false): return .int16
    case (4, false): return .int32
    case (8, false), (2, true), (4, true): return .int64
    case (let size, _):
      throw unknown("\(isUnsigned ? "unsigned " : "")\(size * 8)-bit integers", path: path)
    }
  }

  private static func float(
    _ type: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) -> ElementType {
    try checkIsPlain(type, path: path)
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    guard
      unsafe H5Tget_fields(
        type.id, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0
    else { throw damaged(path) }
    let layout = [sign, exponent, exponentSize, mantissa, mantissaSize, H5Tget_ebias(type.id)]
    guard H5Tget_norm(type.id) == H5T_NORM_IMPLIED else {
      throw unknown("floats of an unusual layout", path: path)
    }
    switch layout {
    case [15, 10, 5, 0, 10, 15]: return .float16
    case [15, 7, 8, 0, 7, 127]: return .bfloat16
    case [31, 23, 8, 0, 23, 127]: return .float32
    case [63, 52, 11, 0, 52, 1023]: return .float64
    default: throw unknown("floats of an unusual layout", path: path)
    }
  }
}
