import CHDF5

/// Walks the groups of an open file in the child and reports what it finds.
///
/// Only hard links to plain names are followed, one component at a time, each object once.
struct HDF5Walker {
  private let skippedGroups: Set<String>
  private var datasets: HDF5DatasetReader
  private var attributes = HDF5AttributeReader()
  private var ancestors: [haddr_t] = []
  private var visited: Set<haddr_t> = []
  private var objectCount = 0

  /// Prepares for a file of `fileSize` bytes; `skippedGroups` directly under `/` are not read.
  init(fileSize: Int, skippedGroups: Set<String>) {
    self.skippedGroups = skippedGroups
    datasets = HDF5DatasetReader(fileSize: fileSize)
  }

  /// Reports everything in the file.
  mutating func walkRoot(of file: borrowing HDF5Handle) throws(HDF5Refusal) {
    guard let root = HDF5Handle(unsafe H5Oopen(file.id, "/", 0)),
      H5Iget_type(root.id) == H5I_GROUP
    else { throw HDF5Refusal(.corrupt, "is damaged: its root group cannot be opened") }
    try walk(root, path: "")
  }

  private mutating func walk(_ group: borrowing HDF5Handle, path: String) throws(HDF5Refusal) {
    ancestors.append(try checkVisit(group, path: path))
    for name in try HDF5NameList.attributes(of: group, path: path) {
      try countObject()
      try attributes.report(name, of: group, path: path)
    }
    for link in try HDF5NameList.links(of: group, path: path) {
      try countObject()
      if path.isEmpty && skippedGroups.contains(link.name) { continue }
      try follow(link, from: group, path: "\(path)/\(link.name)")
    }
    ancestors.removeLast()
  }

  private mutating func follow(
    _ link: HDF5NameList.Link, from group: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) {
    try link.checkIsHard(path: path)
    guard let object = HDF5Handle(unsafe H5Oopen(group.id, link.name, 0)) else {
      throw HDF5Refusal(.corrupt, "is damaged: a group or dataset cannot be opened", subject: path)
    }
    switch H5Iget_type(object.id) {
    case H5I_GROUP:
      guard ancestors.count < HDF5Limits.depth else {
        throw HDF5Refusal(
          .limitExceeded, "nests groups deeper than \(HDF5Limits.depth)", subject: path)
      }
      var body = HDF5MessageBody()
      body.append(link.name)
      HDF5Report.send(.groupStart, body)
      try walk(object, path: path)
      HDF5Report.send(.groupEnd, HDF5MessageBody())
    case H5I_DATASET:
      try checkVisit(object, path: path)
      try datasets.report(object, name: link.name, path: path)
    default:
      throw HDF5Refusal(
        .unsupported, "holds an object that is neither a group nor a dataset", subject: path)
    }
  }

  @discardableResult
  private mutating func checkVisit(
    _ object: borrowing HDF5Handle, path: String
  ) throws(HDF5Refusal) -> haddr_t {
    var info = H5O_info_t()
    guard unsafe H5Oget_info2(object.id, &info, H5O_INFO_BASIC) >= 0 else {
      throw HDF5Refusal(.corrupt, "is damaged: an object header cannot be read", subject: path)
    }
    if ancestors.contains(info.addr) {
      throw HDF5Refusal(
        .refused, "holds a link from a group back to one that contains it", subject: path)
    }
    guard visited.insert(info.addr).inserted else {
      throw HDF5Refusal(.refused, "holds two links to one object", subject: path)
    }
    return info.addr
  }

  private mutating func countObject() throws(HDF5Refusal) {
    objectCount += 1
    guard objectCount <= HDF5Limits.objects else {
      throw HDF5Refusal(
        .limitExceeded, "holds more than \(HDF5Limits.objects) groups, datasets and attributes")
    }
  }
}
