import CHDF5
import Glibc

/// An HDF5 object identifier, closed with its owner.
struct HDF5Handle: ~Copyable {
  /// The library's identifier.
  let id: hid_t

  /// `nil` for the library's failure value.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  deinit { _ = H5Idec_ref(id) }
}

/// The file's image, mapped from the inherited memory file and read in place by the library.
///
/// Safety: the mapping is never unmapped: it lasts as long as the child process.
@safe
struct HDF5MappedImage {
  private let base: UnsafeMutableRawPointer
  /// Size of the file.
  let byteCount: Int

  /// Maps the whole memory file.
  init(descriptor: CInt) throws(HDF5Refusal) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0 else {
      throw HDF5Refusal(.sandbox, "the reader got no file")
    }
    byteCount = Int(status.st_size)
    let mapping = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0)
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw HDF5Refusal(.sandbox, "the file cannot be mapped")
    }
    unsafe base = mapping
  }

  /// Opens the image with the in-memory file driver, which touches no file system.
  ///
  /// The callbacks hand the mapping itself to the library wherever it would copy the image.
  func open() throws(HDF5Refusal) -> HDF5Handle {
    var callbacks = unsafe H5FD_file_image_callbacks_t(
      image_malloc: { _, _, mapping in unsafe mapping },
      image_memcpy: { destination, _, _, _, _ in unsafe destination },
      image_realloc: { _, _, _, _ in nil },
      image_free: { _, _, _ in 0 },
      udata_copy: { mapping in unsafe mapping },
      udata_free: { _ in 0 },
      udata: base)
    guard let access = HDF5Handle(H5Pcreate(pc_hdf5_file_access_class())),
      H5Pset_fapl_core(access.id, 1 << 16, false) >= 0,
      unsafe H5Pset_file_image_callbacks(access.id, &callbacks) >= 0,
      unsafe H5Pset_file_image(access.id, base, byteCount) >= 0
    else { throw HDF5Refusal(.sandbox, "the HDF5 library cannot be set up") }
    guard let file = HDF5Handle(unsafe H5Fopen("image", pc_hdf5_read_only(), access.id)) else {
      throw HDF5Refusal(
        .corrupt, "the HDF5 library cannot open it: its header is damaged or the file is cut short")
    }
    return file
  }
}
