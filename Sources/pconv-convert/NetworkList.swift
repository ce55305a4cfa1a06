import CommandSupport
import ModelImport
import PartialConv

/// What `--list-networks` prints.
struct NetworkList: Encodable {
  struct Option: Encodable {
    var name: String
    var values: [String]?
    var standard: String
    var about: String
  }

  struct Network: Encodable {
    var name: String
    var aliases: [String]
    var title: String
    var framework: String
    var source: String
    var options: [Option]
  }

  var schema = 1
  var networks: [Network]

  init() throws(PartialConvError) {
    let published: [PublishedNetwork]
    do throws(ImportError) {
      published = try PublishedNetwork.all()
    } catch {
      throw PartialConvError(.unreadable, error.message)
    }
    networks = published.map { network in
      Network(
        name: network.name, aliases: network.aliases, title: network.title,
        framework: network.framework, source: network.source,
        options: network.options.map {
          Option(name: $0.name, values: $0.values, standard: $0.default, about: $0.about)
        })
    }
  }

  func print(json: Bool) {
    if json { return Terminal.printJSON(self) }
    for network in networks {
      let names = ([network.name] + network.aliases).joined(separator: ", ")
      Terminal.show(
        "\(names)\n  \(network.title) (\(network.framework))\n  read from \(network.source)")
      for option in network.options {
        let values = option.values?.joined(separator: "|") ?? "…"
        Terminal.show("  --set \(option.name)=\(values) (\(option.standard)): \(option.about)")
      }
    }
  }
}
