public import GraphIR
import TensorCore

/// Names of a graph's pictures, unique, and the same before and after layers are narrowed.
///
/// A picture is called as the layer that makes it, or as the input that it is. Where a layer makes
/// several, the last one has the layer's name and the others the name with their operation;
/// pictures of no layer are called after their operation. Further equal names are numbered.
public struct PictureNames: Sendable {
  private let names: [ValueID: String]

  public init(_ graph: Graph) {
    let pictures = graph.pictureValues(Set(ElementType.allCases))
    let nodes = graph.nodes.filter {
      pictures.contains($0.results[0]) && !($0.operation is Narrow)
    }
    var last: [String: ValueID] = [:]
    for node in nodes { last[node.label] = node.results[0] }
    var names: [ValueID: String] = [:]
    var taken: Set<String> = []
    for input in graph.inputs {
      names[input.value] = input.name
      taken.insert(input.name)
    }
    func name(_ value: ValueID, _ wanted: String) {
      var (unique, number) = (wanted, 1)
      while !taken.insert(unique).inserted {
        number += 1
        unique = "\(wanted)#\(number)"
      }
      names[value] = unique
    }
    for node in nodes where !node.label.isEmpty && last[node.label] == node.results[0] {
      name(node.results[0], node.label)
    }
    for node in nodes {
      for value in node.results where names[value] == nil {
        let mnemonic = node.operation.mnemonic
        name(value, node.label.isEmpty ? mnemonic : "\(node.label) \(mnemonic)")
      }
    }
    self.names = names
  }

  /// The name of a picture or input; nil for other values.
  public subscript(value: ValueID) -> String? { names[value] }
}
