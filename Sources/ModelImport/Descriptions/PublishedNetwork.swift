/// A network that the program knows by name, for `--list-networks`.
public struct PublishedNetwork: Sendable {
  /// Something that the checkpoint does not record, or that the user may overrule.
  public struct Option: Sendable {
    public var name: String
    /// The words to choose from; nil where the network takes others too.
    public var values: [String]?
    public var `default`: String
    /// What the option means.
    public var about: String
  }

  public var name: String
  /// Further names under which `--network` finds it.
  public var aliases: [String]
  public var title: String
  /// Repository, commit and files that it was read from.
  public var source: String
  /// `pytorch` or `keras`.
  public var framework: String
  public var options: [Option]

  /// Every network that ships with the program, by name.
  ///
  /// - Throws: `ImportError.badDescription` when the descriptions are missing or malformed.
  public static func all() throws(ImportError) -> [PublishedNetwork] {
    try NetworkCatalogue.bundled().descriptions.map(PublishedNetwork.init)
      .sorted { $0.name < $1.name }
  }

  init(_ description: NetworkDescription) {
    name = description.name
    aliases = description.aliases ?? []
    title = description.title
    source = description.source
    framework = description.framework.rawValue
    options = (description.options ?? [:]).sorted { $0.key < $1.key }
      .map { Option(name: $0, values: $1.values, default: $1.default, about: $1.about) }
  }
}
