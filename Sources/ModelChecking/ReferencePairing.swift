package import GraphIR

/// Which reference array belongs to which input and output of a model, by name alone.
package struct ReferencePairing: Sendable {
  /// What the user said about names.
  package struct Request: Sendable {
    /// Names of reference arrays for names of the model, where they differ.
    package var renamed: [String: String]
    /// Reference arrays that are not for this comparison.
    package var ignored: Set<String>
    /// Whether outputs without a reference are left unchecked instead of failing.
    package var allowsMissing: Bool

    package init(
      renamed: [String: String] = [:], ignored: Set<String> = [], allowsMissing: Bool = false
    ) {
      self.renamed = renamed
      self.ignored = ignored
      self.allowsMissing = allowsMissing
    }
  }

  /// Reference arrays of inputs, by the input's first name.
  package private(set) var inputs: [String: ReferenceArray] = [:]
  /// Reference arrays of outputs, by name.
  package private(set) var outputs: [String: ReferenceArray] = [:]
  /// Everything that keeps the comparison from being whole, each as a sentence.
  package private(set) var problems: [String] = []
  /// Outputs that nothing is compared with, by request.
  package private(set) var unchecked: [String] = []

  /// - Parameter otherNames: further names that arrays may have, such as layers.
  package init(
    _ references: References, for graph: Graph, _ request: Request, otherNames: Set<String> = []
  ) {
    var used: Set<String> = []
    func find(_ names: [String]) -> ReferenceArray? {
      let wanted = names.compactMap { request.renamed[$0] }.first.map { [$0] } ?? names
      let found = wanted.compactMap { references[$0] }
      used.formUnion(found.map(\.name))
      return found.count == 1 ? found[0] : nil
    }
    for input in graph.inputs {
      let names = [input.name] + input.aliases
      if let array = find(names) {
        inputs[input.name] = array
      } else {
        problems.append(
          "the references have no array '\(names.joined(separator: "' or '"))' for that input "
            + "\(input.type); they have \(Self.list(references.arrays.map(\.name)))")
      }
    }
    for output in graph.outputs {
      if let array = find([output.name]) {
        outputs[output.name] = array
      } else if request.allowsMissing {
        unchecked.append(output.name)
      } else {
        problems.append(
          "the references have no array '\(output.name)' for that output; they have "
            + "\(Self.list(references.arrays.map(\.name))) — name it with --map "
            + "\(output.name)=ARRAY, or pass --allow-missing")
      }
    }
    let known = used.union(request.ignored).union(otherNames)
    let ports = Set(graph.inputs.map(\.name) + graph.outputs.map(\.name)).union(otherNames)
    problems += Self.leftOver(references, request, known: known, ports: ports)
  }

  /// What the references or the request have and the model does not.
  private static func leftOver(
    _ references: References, _ request: Request, known: Set<String>, ports: Set<String>
  ) -> [String] {
    var problems: [String] = []
    for array in references.arrays where !known.contains(array.name) {
      problems.append(
        "\(array.file): array '\(array.name)' belongs to no input or output of the model — name "
          + "it with --map, or leave it out with --ignore \(array.name)")
    }
    for name in request.ignored.sorted() where references[name] == nil {
      problems.append("--ignore \(name): the references have no such array")
    }
    for name in request.renamed.keys.sorted() where !ports.contains(name) {
      problems.append("--map \(name)=…: the model has nothing of that name")
    }
    return problems
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.isEmpty ? "none" : names.count > 12 ? shown + ", …" : shown
  }
}
