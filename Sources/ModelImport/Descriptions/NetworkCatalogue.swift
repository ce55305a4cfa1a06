import Foundation

/// The published network descriptions that ship with the program, and users' own.
struct NetworkCatalogue: Sendable {
  let descriptions: [NetworkDescription]

  /// Loads every description of the `Models` folder.
  ///
  /// - Throws: `ImportError.badDescription` naming the first malformed one.
  static func bundled() throws(ImportError) -> NetworkCatalogue {
    let folder = ModelsFolder.url
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var descriptions: [NetworkDescription] = []
    for name in names.sorted() where name.hasSuffix(".json") {
      descriptions.append(try load(folder.appendingPathComponent(name).path))
    }
    guard !descriptions.isEmpty else {
      throw ModelsFolder.missing(folder.path)
    }
    return NetworkCatalogue(descriptions: descriptions)
  }

  /// Loads the description file at `path`.
  static func load(_ path: String) throws(ImportError) -> NetworkDescription {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ImportError(.badDescription, "\(path): cannot be read as a network description")
    }
    return try NetworkDescription.decode(data, file: path)
  }

  /// The description that `--network` asks for: a published name, else a file.
  ///
  /// - Throws: `ImportError.unknownNetwork` listing the published names.
  func find(_ request: String) throws(ImportError) -> NetworkDescription {
    if let known = descriptions.first(where: {
      $0.name == request || ($0.aliases ?? []).contains(request)
    }) {
      return known
    }
    if request.contains("/") || request.hasSuffix(".json") {
      guard FileManager.default.fileExists(atPath: request) else {
        throw ImportError(
          .unknownNetwork, "there is no network description file '\(request)'")
      }
      return try Self.load(request)
    }
    let names = descriptions.map(\.name).sorted().joined(separator: ", ")
    throw ImportError(
      .unknownNetwork,
      "no network is called '\(request)'; known are \(names), or give the path of a description file"
    )
  }
}
