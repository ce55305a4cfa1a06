/// The names of a network's classes, in the order of its outputs.
public struct ClassLabels: Sendable {
  public let names: [String]

  /// Reads a text file in UTF-8 with one name per line; empty lines at its end do not count.
  ///
  /// - Parameter count: how many classes the network has.
  /// - Throws: `PartialConvError` of kind `mismatch` when the file has another number of labels,
  ///   naming both numbers; `unreadable` when it cannot be read or is no text.
  public static func read(_ path: String, count: Int) throws(PartialConvError) -> ClassLabels {
    let text = try TextFile.read(path, of: "list of labels with one label per line")
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    while lines.last?.isEmpty == true { lines.removeLast() }
    guard lines.count == count else {
      throw PartialConvError(
        .mismatch,
        "\(path): has \(lines.count) labels, but the network has \(count) classes; give one label "
          + "per line, in the order of the classes")
    }
    return ClassLabels(names: lines.map(String.init))
  }
}
