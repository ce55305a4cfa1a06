import CHDF5
import Glibc
import TensorCore

/// Checks and reads datasets in the child, and streams their bytes to the parent one by one.
struct HDF5DatasetReader {
  private var storedBudget: Int
  private var byteBudget: Int
  private var attributes = HDF5AttributeReader()

  /// Starts with the budgets of a file of `fileSize` bytes.
  init(fileSize: Int) {
    storedBudget = fileSize
    byteBudget = HDF5Limits.datasetBytes(fileSize: fileSize)
  }

  /// Sends the open dataset's header and bytes.
  mutating func report(
    _ dataset: borrowing HDF5Handle, name: String, path: String
  ) throws(HDF5Refusal) {
    try checkLayout(of: dataset, path: path)
    let memory = try HDF5MemoryType.of(dataset, attributes: &attributes, path: path)
    let header = try shape(of: dataset, elementType: memory.elementType, path: path)
    try checkSize(of: dataset, header: header, path: path)
    guard let buffer = unsafe malloc(max(header.byteCount, 1)) else {
      throw HDF5Refusal(
        .limitExceeded,
        "holds a dataset of \(header.byteCount) bytes, more than the reader may use",
        subject: path)
    }
    defer { unsafe free(buffer) }
    if header.byteCount > 0 {
      guard unsafe H5Dread(dataset.id, memory.type.id, 0, 0, 0, buffer) >= 0 else {
        throw HDF5Refusal(
          .corrupt, "is damaged: the values of a dataset cannot be read", subject: path)
      }
    }
    var body = HDF5MessageBody()
    body.append(name)
    header.append(to: &body)
    HDF5Report.send(.dataset, body)
    unsafe HDF5Report.send(UnsafeRawBufferPointer(start: buffer, count: header.byteCount))
  }

  private func checkLayout(
    of dataset: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) {
    guard let creation = HDF5Handle(H5Dget_create_plist(dataset.id)) else {
      throw HDF5Refusal(
        .corrupt, "is damaged: the properties of a dataset cannot be read", subject: path)
    }
    switch H5Pget_layout(creation.id) {
    case H5D_COMPACT, H5D_CONTIGUOUS, H5D_CHUNKED: break
    case H5D_VIRTUAL:
      throw HDF5Refusal(
        .refused, "holds a virtual dataset: its data is in other files", subject: path)
    default: throw HDF5Refusal(.corrupt, "holds a dataset of unknown storage layout", subject: path)
    }
    guard H5Pget_external_count(creation.id) == 0 else {
      throw HDF5Refusal(
        .refused, "keeps a dataset in another file ('\(externalName(creation))')", subject: path)
    }
    let filters = H5Pget_nfilters(creation.id)
    guard filters >= 0, filters <= 32 else {
      throw HDF5Refusal(
        .corrupt, "is damaged: the filters of a dataset cannot be read", subject: path)
    }
    for index in 0..<filters { try checkFilter(index, of: creation, path: path) }
  }

  private func externalName(_ creation: borrowing HDF5Handle) -> String {
    var name = [CChar](repeating: 0, count: 256)
    var offset: off_t = 0
    var size: hsize_t = 0
    _ = unsafe H5Pget_external(creation.id, 0, name.count - 1, &name, &offset, &size)
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private func checkFilter(
    _ index: CInt, of creation: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) {
    var flags: CUnsignedInt = 0
    var valueCount = 0
    var name = [CChar](repeating: 0, count: 64)
    var config: CUnsignedInt = 0
    let filter = unsafe H5Pget_filter2(
      creation.id, CUnsignedInt(index), &flags, &valueCount, nil, name.count - 1, &name, &config)
    let known: [H5Z_filter_t: String] = [
      4: "SZIP", 5: "N-bit", 6: "scale-offset", 32_000: "LZF", 32_001: "Blosc", 32_004: "LZ4",
      32_015: "Zstandard",
    ]
    guard filter >= 0 else {
      throw HDF5Refusal(
        .corrupt, "is damaged: the filters of a dataset cannot be read", subject: path)
    }
    guard (1...3).contains(filter) else {
      throw HDF5Refusal(
        .unsupported, "uses \(known[filter] ?? "an unknown") compression (filter \(filter))",
        subject: path, remedy: "run `h5repack -f NONE in.h5 out.h5`")
    }
  }

  private func shape(
    of dataset: borrowing HDF5Handle, elementType: ElementType, path: String
  ) throws(HDF5Refusal) -> HDF5DatasetHeader {
    guard let space = HDF5Handle(H5Dget_space(dataset.id)) else {
      throw HDF5Refusal(
        .corrupt, "is damaged: the shape of a dataset cannot be read", subject: path)
    }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0, H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      throw HDF5Refusal(
        .unsupported, "holds a dataset without a shape (a null dataspace)", subject: path)
    }
    guard rank <= HDF5Limits.rank else {
      throw HDF5Refusal(
        .limitExceeded, "holds a dataset of \(rank) axes; at most \(HDF5Limits.rank) are read",
        subject: path)
    }
    var sizes = [hsize_t](repeating: 0, count: Int(rank))
    guard unsafe H5Sget_simple_extent_dims(space.id, &sizes, nil) == rank else {
      throw HDF5Refusal(
        .corrupt, "is damaged: the shape of a dataset cannot be read", subject: path)
    }
    guard let header = HDF5DatasetHeader(elementType: elementType, shape: sizes) else {
      throw HDF5Refusal(
        .limitExceeded, "holds a dataset of shape \(sizes), whose size overflows", subject: path)
    }
    return header
  }

  /// Compares the declared size with the bytes the file stores for it.
  private mutating func checkSize(
    of dataset: borrowing HDF5Handle, header: HDF5DatasetHeader, path: String
  ) throws(HDF5Refusal) {
    let declared = header.byteCount
    guard declared > 0 else { return }
    guard let stored = Int(exactly: H5Dget_storage_size(dataset.id)), stored > 0 else {
      throw HDF5Refusal(
        .corrupt, "declares a dataset of \(declared) bytes but stores 0 bytes", subject: path)
    }
    guard stored <= storedBudget else {
      throw HDF5Refusal(
        .corrupt, "declares a dataset of \(stored) stored bytes, more than the file has left",
        subject: path)
    }
    storedBudget -= stored
    let ratio = declared / stored
    guard declared <= byteBudget,
      ratio <= HDF5Limits.expansion || declared <= HDF5Limits.smallDataset
    else {
      throw HDF5Refusal(
        .limitExceeded, "would unpack a dataset from \(stored) bytes to \(declared)", subject: path,
        remedy: "if this is wanted, run `h5repack -f NONE in.h5 out.h5`")
    }
    byteBudget -= declared
  }
}
