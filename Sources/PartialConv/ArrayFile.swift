import CheckpointFormats
import OrderedCollections
public import TensorCore

/// Arrays in numpy's `.npy` and `.npz` files.
public enum ArrayFile {
  /// The arrays of an `.npz` file that `isWanted` names, in the file's order; others are not read.
  ///
  /// - Throws: `PartialConvError` of kind `unreadable` naming the file, entry and fault.
  public static func readArchive(
    _ path: String, where isWanted: (String) -> Bool = { _ in true }
  ) throws(PartialConvError) -> [(name: String, tensor: Tensor)] {
    try reporting { () throws(CheckpointError) in
      var arrays: [(name: String, tensor: Tensor)] = []
      for (name, stored) in try NumpyArchive.open(FileBytes(path: path)) where isWanted(name) {
        arrays.append((name, try stored.load()))
      }
      return arrays
    }
  }

  /// The array of an `.npy` file.
  public static func readArray(_ path: String) throws(PartialConvError) -> Tensor {
    try reporting { () throws(CheckpointError) in
      try NumpyArray.open(FileBytes(path: path)).load()
    }
  }

  /// Writes named arrays to an `.npz` file, all of them or nothing; an existing file is replaced.
  public static func writeArchive(
    _ arrays: [(name: String, tensor: Tensor)], to path: String
  ) throws(PartialConvError) {
    try reporting { () throws(CheckpointError) in
      try NumpyArchive.write(
        OrderedDictionary(arrays.map { ($0.name, $0.tensor) }) { first, _ in first }, to: path)
    }
  }
}
