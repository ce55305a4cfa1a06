import CHDF5

/// The names of a group's links or attributes, collected before any of them is opened.
///
/// The library calls back through C, which cannot throw: a bad name is kept as `problem`.
final class HDF5NameList {
  /// A member of a group.
  struct Link {
    /// Name within its group.
    let name: String
    /// Hard, soft, external or user-defined.
    let type: H5L_type_t

    /// Throws for every link but a hard one.
    func checkIsHard(path: String) throws(HDF5Refusal) {
      let remedy = "save the weights again without links"
      switch type {
      case H5L_TYPE_HARD: return
      case H5L_TYPE_SOFT:
        throw HDF5Refusal(
          .refused, "holds a soft link, which is not followed", subject: path, remedy: remedy)
      case H5L_TYPE_EXTERNAL:
        throw HDF5Refusal(
          .refused, "holds a link into another file, which is not followed", subject: path,
          remedy: remedy)
      default:
        throw HDF5Refusal(
          .refused, "holds a link of an unknown kind, which is not followed", subject: path,
          remedy: remedy)
      }
    }
  }

  private var links: [Link] = []
  private var problem: HDF5Refusal?

  /// The members of `group` in name order.
  static func links(
    of group: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) -> [Link] {
    let list = HDF5NameList()
    let status = unsafe H5Literate(
      group.id, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, info, list in
        guard let type = unsafe info?.pointee.type else { return -1 }
        return unsafe HDF5NameList.from(list).add(name, type: type, isLink: true)
      }, Unmanaged.passUnretained(list).toOpaque())
    return try list.result(status, "members", path: path)
  }

  /// The names of the attributes of `object` in name order.
  static func attributes(
    of object: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) -> [String] {
    let list = HDF5NameList()
    let status = unsafe H5Aiterate2(
      object.id, H5_INDEX_NAME, H5_ITER_INC, nil,
      { _, name, _, list in
        unsafe HDF5NameList.from(list).add(name, type: H5L_TYPE_HARD, isLink: false)
      }, Unmanaged.passUnretained(list).toOpaque())
    return try list.result(status, "attributes", path: path).map(\.name)
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> HDF5NameList {
    guard let pointer = unsafe pointer else {
      preconditionFailure("the library lost the pointer it was given")
    }
    return unsafe Unmanaged.fromOpaque(pointer).takeUnretainedValue()
  }

  private func add(_ name: UnsafePointer<CChar>?, type: H5L_type_t, isLink: Bool) -> herr_t {
    guard let name = unsafe name.flatMap({ unsafe String(validatingCString: $0) }) else {
      problem = HDF5Refusal(.corrupt, "holds a name that is not UTF-8")
      return -1
    }
    guard !name.isEmpty, name.utf8.count <= HDF5Limits.nameBytes else {
      problem = HDF5Refusal(.limitExceeded, "holds a name of \(name.utf8.count) bytes")
      return -1
    }
    if isLink && (name.utf8.contains(UInt8(ascii: "/")) || name == "." || name == "..") {
      problem = HDF5Refusal(.corrupt, "holds a link named '\(name)', which no writer makes")
      return -1
    }
    guard links.count < HDF5Limits.objects else {
      problem = HDF5Refusal(.limitExceeded, "holds more than \(HDF5Limits.objects) names")
      return -1
    }
    links.append(Link(name: name, type: type))
    return 0
  }

  private func result(
    _ status: herr_t, _ what: String, path: String
  ) throws(HDF5Refusal) -> [Link] {
    let subject = path.isEmpty ? "/" : path
    if var problem {
      problem.subject = subject
      throw problem
    }
    guard status >= 0 else {
      throw HDF5Refusal(.corrupt, "is damaged: a list of \(what) cannot be read", subject: subject)
    }
    return links
  }
}
