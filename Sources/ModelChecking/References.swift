import CheckpointFormats
import Foundation

/// Named arrays from reference files: `.npz`, a folder of `.npy`, HDF5, safetensors.
///
/// Files are told by content. Arrays keep the names they have in the file; a name that is there
/// twice is refused.
package struct References: Sendable {
  /// The arrays in the order of the files.
  package private(set) var arrays: [ReferenceArray] = []
  private var positions: [String: Int] = [:]

  package init() {}

  /// Opens files and folders.
  ///
  /// Values of `.npy`, stored `.npz` and safetensors are left in the file until they are needed;
  /// those of HDF5, read by the contained reader, are held in memory.
  /// - Throws: `.unreadable` for a file that cannot be read, `.mismatch` for a name that is there
  ///   twice.
  package init(_ paths: [String]) throws(CheckError) {
    for path in paths {
      var isFolder: ObjCBool = false
      let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if exists, isFolder.boolValue { try addFolder(path) } else { try addFile(path) }
    }
  }

  package subscript(name: String) -> ReferenceArray? { positions[name].map { arrays[$0] } }

  /// - Throws: `.mismatch` when the name is there already.
  package mutating func add(_ array: ReferenceArray) throws(CheckError) {
    if let first = self[array.name] {
      throw CheckError(
        .mismatch,
        "\(array.file): has an array '\(array.name)', which \(first.file) has already — "
          + "give each array once")
    }
    positions[array.name] = arrays.count
    arrays.append(array)
  }

  private mutating func addFolder(_ path: String) throws(CheckError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let files = names.filter { $0.hasSuffix(".npy") }.sorted()
    guard !files.isEmpty else {
      throw CheckError(.unreadable, "\(path): the folder has no .npy file")
    }
    for file in files {
      let full = "\(path)/\(file)"
      let stored = try reading { () throws(CheckpointError) in
        try NumpyArray.open(FileBytes(path: full))
      }
      try add(ReferenceArray(String(file.dropLast(4)), stored, file: full))
    }
  }

  private mutating func addFile(_ path: String) throws(CheckError) {
    let stored: [(name: String, tensor: StoredTensor)] = try reading {
      () throws(CheckpointError) in
      let file = try FileBytes(path: path)
      switch try FileKind(file) {
      case .zip: return try NumpyArchive.open(file).map { ($0.key, $0.value) }
      case .safetensors: return try SafeTensorsFile.open(file).tensors.map { ($0.key, $0.value) }
      case .hdf5: return []
      case .numpy: return [(Self.stem(path), try NumpyArray.open(file))]
      case let kind:
        throw kind.mismatch(
          expected: "a reference (.npz, .npy, .h5, .safetensors or a folder of .npy)", file: path)
      }
    }
    for (name, tensor) in stored { try add(ReferenceArray(name, tensor, file: path)) }
    if stored.isEmpty { try addHDF5(path) }
  }

  private mutating func addHDF5(_ path: String) throws(CheckError) {
    let root = try reading { () throws(CheckpointError) in
      let file = try FileBytes(path: path)
      guard try FileKind(file) == .hdf5 else {
        throw CheckpointError(.missing, "has no arrays", file: path)
      }
      return try HDF5File.read(file).root
    }
    for name in root.datasetPaths {
      let tensor = try reading { () throws(CheckpointError) in try root.dataset(at: name) }
      try add(ReferenceArray(name, tensor, file: path))
    }
  }

  private static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasSuffix(".npy") ? String(name.dropLast(4)) : name
  }
}
