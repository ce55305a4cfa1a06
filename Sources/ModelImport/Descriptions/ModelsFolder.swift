package import Foundation

/// The folder `Models` that ships beside the program.
package enum ModelsFolder {
  package static var url: URL { Bundle.module.bundleURL.appendingPathComponent("Models") }

  /// The path of a file of the folder.
  ///
  /// - Throws: `ImportError.badDescription` when it is not there.
  package static func file(_ name: String) throws(ImportError) -> String {
    let path = url.appendingPathComponent(name).path
    guard FileManager.default.fileExists(atPath: path) else {
      throw missing(path)
    }
    return path
  }

  static func missing(_ path: String) -> ImportError {
    ImportError(
      .badDescription,
      "'\(path)' is missing: the folder 'Models' must stay beside the program")
  }
}
