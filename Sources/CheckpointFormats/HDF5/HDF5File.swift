package import OrderedCollections
package import TensorCore

/// The whole content of an HDF5 file, read by a sandboxed child process.
///
/// The HDF5 library crashes and hangs on damaged files, so it never runs in this process: see
/// `HDF5Sandbox`. Hard links only; everything that reaches outside the file is refused by name.
package struct HDF5File: Sendable {
  /// The group `/`.
  package let root: HDF5Group

  /// Reads a file: its groups, attributes and datasets.
  ///
  /// Dataset values are bit-preserving, turned to little endian; unsigned 16- and 32-bit integers
  /// widen to `i64`.
  /// - Parameters:
  ///   - skippedGroups: names of groups directly under `/` that are not read at all.
  ///   - executable: a program that calls `HDF5Sandbox.runIfRequested` first; when `nil`, the
  ///     running program if it did so, else `pconv-convert` beside it.
  /// - Throws: `notThisFormat` without an HDF5 signature, `truncated` or `corrupt` for a damaged
  ///   file (also when the library crashed or hung on it), `refused` for content that reaches
  ///   outside the file, `unsupported`, `limitExceeded`, `unreadable` for a failing system call,
  ///   `missing` when no reader program is found.
  package static func read(
    _ file: FileBytes, skippingGroups skippedGroups: [String] = [], executable: String? = nil
  ) throws(CheckpointError) -> HDF5File {
    let image = try HDF5Image.copy(of: file)
    let process = try HDF5ReaderProcess(
      program: try HDF5ReaderProgram.find(executable), image: image, skippedGroups: skippedGroups)
    return HDF5File(root: try process.readTree())
  }

  /// Reads the file at `path`; see `read(_:skippingGroups:executable:)`.
  package static func read(
    _ path: String, skippingGroups skippedGroups: [String] = [], executable: String? = nil
  ) throws(CheckpointError) -> HDF5File {
    try read(FileBytes(path: path), skippingGroups: skippedGroups, executable: executable)
  }
}

/// A group: its attributes, and its members in name order.
package struct HDF5Group: Sendable {
  /// The group's attributes by name.
  package var attributes: OrderedDictionary<String, HDF5Attribute> = [:]
  /// The groups inside this one by name.
  package var groups: OrderedDictionary<String, HDF5Group> = [:]
  /// The datasets inside this group by name.
  package var datasets: OrderedDictionary<String, Tensor> = [:]

  /// The dataset at a path of plain names separated by `/`, such as `p1/img_kernel:0`.
  ///
  /// - Throws: `corrupt` for an absolute path or one with an empty, `.` or `..` component;
  ///   `missing` when a component does not exist.
  package func dataset(at relativePath: String) throws(CheckpointError) -> Tensor {
    let components = relativePath.split(separator: "/", omittingEmptySubsequences: false)
    guard components.allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw CheckpointError(
        .corrupt, "names a dataset by something else than a relative path of plain names",
        subject: relativePath)
    }
    var group = self
    for component in components.dropLast() {
      guard let next = group.groups[String(component)] else {
        throw CheckpointError(
          .missing, "has no group '\(component)' on the way to a dataset", subject: relativePath)
      }
      group = next
    }
    guard let tensor = components.last.flatMap({ group.datasets[String($0)] }) else {
      throw CheckpointError(.missing, "has no such dataset", subject: relativePath)
    }
    return tensor
  }

  /// The paths of every dataset below this group, depth first in name order.
  package var datasetPaths: [String] {
    Array(datasets.keys)
      + groups.flatMap { name, group in group.datasetPaths.map { "\(name)/\($0)" } }
  }
}

/// The value of an attribute. Arrays of more than one axis are flattened in C order.
package enum HDF5Attribute: Equatable, Sendable {
  /// One text, of fixed or variable length in the file.
  case string(String)
  /// A list of texts.
  case strings([String])
  /// Integers or truth values of any size, exactly.
  case integers([Int])
  /// Floating-point numbers of any size; exact up to 64 bits.
  case doubles([Double])
  /// No element, whatever the type: Keras stores an empty list as `f64` of shape `(0,)`.
  case empty
}
