import CheckpointFormats

/// Files that the HDF5 tests read.
enum HDF5Fixtures {
  private static let testFolder = folder(above: #filePath)

  /// The path of a committed fixture, made by `make_hostile_hdf5.py`.
  static func path(_ name: String) -> String { "\(testFolder)/Fixtures/\(name).h5" }

  /// The path of a reference checkpoint beside the repository; absent in a fresh clone.
  static func reference(_ name: String) -> String {
    "\(folder(above: folder(above: testFolder)))/../shared/reference/keras/\(name).h5"
  }

  /// The path of a script that stands in for the reader program.
  static var standInReader: String { "\(testFolder)/Fixtures/reader.sh" }

  /// The bytes of a file.
  static func bytes(_ path: String) throws -> [UInt8] {
    let file = try FileBytes(path: path)
    return try file.bytes(at: 0, count: file.count)
  }

  /// The code with which reading `bytes` fails; `nil` when they are read.
  static func failure(reading bytes: [UInt8]) -> CheckpointError.Code? {
    do {
      _ = try HDF5File.read(FileBytes(bytes, name: "damaged.h5"))
      return nil
    } catch {
      return error.code
    }
  }

  private static func folder(above path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
  }
}
