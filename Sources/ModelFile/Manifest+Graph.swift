import GraphIR
import TensorCore

extension Manifest {
  /// Describes `model`.
  ///
  /// - Returns: the manifest, and the tensors of the data section in its order: constants with the
  ///   same type, shape and bytes share one.
  static func describing(_ model: StoredModel) -> (manifest: Manifest, tensors: [Tensor]) {
    let graph = model.graph.graph
    let table = TensorTable(graph.constants)
    let manifest = Manifest(
      provenance: model.provenance, processing: model.processing, graphName: graph.name,
      inputs: graph.inputs.map(Input.init),
      constants: zip(graph.constants, table.indices).map { constant, index in
        Constant(name: constant.name, value: constant.value.rawValue, tensor: UInt32(index))
      },
      nodes: graph.nodes.map(Node.init),
      outputs: graph.outputs.map { Output(name: $0.name, value: $0.value.rawValue) },
      tensors: table.entries)
    return (manifest, table.tensors)
  }

  /// The model that the manifest describes.
  ///
  /// - Parameter constant: makes a constant from its name, its value and the index of its tensor.
  /// - Throws: `.corrupt` for an index out of range, an operation or attribute that is unknown, or
  ///   a graph that the verifier refuses.
  func model(
    _ constant: (String, ValueID, Int) -> Graph.Constant
  ) throws(ModelFileError) -> StoredModel {
    StoredModel(graph: try graph(constant), provenance: provenance, processing: processing)
  }

  private func graph(
    _ makeConstant: (String, ValueID, Int) -> Graph.Constant
  ) throws(ModelFileError) -> VerifiedGraph {
    var graph = Graph(name: graphName)
    var multiples: [String: UInt64] = [:]
    for input in inputs {
      _ = graph.addInput(input.name, try input.type(&multiples), aliases: input.aliases)
    }
    for constant in constants {
      guard tensors.indices.contains(Int(constant.tensor)) else {
        throw damage("constant '\(constant.name)' names tensor \(constant.tensor)")
      }
      graph.constants.append(
        makeConstant(constant.name, try valueID(constant.value), Int(constant.tensor)))
    }
    guard Set(constants.map(\.tensor)).count == tensors.count else {
      throw damage("a tensor belongs to no constant")
    }
    for output in outputs { graph.addOutput(output.name, try valueID(output.value)) }
    for index in inputs.indices { graph.inputs[index].value = try valueID(inputs[index].value) }
    var nodes: [GraphIR.Node] = []
    for node in self.nodes { nodes.append(try node.restored()) }
    graph.restore(
      inputs: graph.inputs, constants: graph.constants, nodes: nodes, outputs: graph.outputs)
    do throws(VerificationError) {
      return try VerifiedGraph(graph)
    } catch {
      throw damage(error.description)
    }
  }
}

/// The distinct tensors of a list of constants, placed in the data section.
private struct TensorTable {
  private struct Content: Hashable {
    let elementType: ElementType
    let shape: [Int]
    let digest: SHA256Digest
  }

  private(set) var indices: [Int] = []
  private(set) var entries: [Manifest.StoredTensor] = []
  private(set) var tensors: [Tensor] = []

  init(_ constants: [Graph.Constant]) {
    var known: [Content: Int] = [:]
    var end = 0
    for constant in constants {
      let tensor = constant.tensor
      let digest = SHA256Digest(of: tensor.bytes)
      let content = Content(
        elementType: tensor.elementType, shape: tensor.shape, digest: digest)
      if let index = known[content] {
        indices.append(index)
        continue
      }
      let offset = end.roundedUp(to: AlignedStorage.alignment)
      end = offset + tensor.byteCount
      known[content] = tensors.count
      indices.append(tensors.count)
      tensors.append(tensor)
      entries.append(
        Manifest.StoredTensor(
          name: constant.name, elementType: tensor.elementType.rawValue,
          dimensions: tensor.shape.map(UInt64.init), offset: UInt64(offset),
          length: UInt64(tensor.byteCount), digest: digest))
    }
  }
}

private func damage(_ reason: String) -> ModelFileError {
  ModelFileError(
    .corrupt, "holds a network that cannot run: \(reason)", at: FileHeader.byteCount,
    remedy: "convert the checkpoint again")
}

/// A value of a stored graph; the upper half of the identifiers is left for values made later.
private func valueID(_ rawValue: UInt32) throws(ModelFileError) -> ValueID {
  guard rawValue <= UInt32(Int32.max) else { throw damage("value %\(rawValue) is out of range") }
  return ValueID(rawValue)
}

extension Manifest.Input {
  init(_ input: Graph.Input) {
    self.init(
      name: input.name, aliases: input.aliases, value: input.value.rawValue,
      elementType: input.type.elementType.rawValue,
      dimensions: input.type.dimensions.map(Manifest.Axis.init),
      layout: input.type.layout.rawValue)
  }

  /// The type, when each symbol has the multiple that `multiples` recorded for it.
  fileprivate func type(_ multiples: inout [String: UInt64]) throws(ModelFileError) -> ValueType {
    guard let elementType = ElementType(rawValue: elementType),
      let layout = Layout(rawValue: layout), dimensions.count <= Manifest.Limit.dimensions
    else {
      throw damage("input '\(name)' has an unknown element type or layout, or too many axes")
    }
    var axes: [Dimension] = []
    for axis in dimensions {
      guard let length = axis.checked else {
        throw damage("input '\(name)' has an axis whose length is out of range")
      }
      if case .symbolic(let symbol, let multiple, _, _, _) = axis,
        multiples.updateValue(multiple, forKey: symbol) ?? multiple != multiple
      {
        throw damage("the size '\(symbol)' has two multiples")
      }
      axes.append(length)
    }
    return ValueType(elementType, axes, layout: layout)
  }
}

extension Manifest.Axis {
  init(_ dimension: Dimension) {
    switch dimension {
    case .fixed(let length):
      self = .fixed(UInt64(length))
    case .symbolic(let symbol, let scale, let offset, let divisor):
      self = .symbolic(
        symbol.name, multiple: UInt64(symbol.multiple), scale: Int64(scale),
        offset: Int64(offset), divisor: UInt64(divisor))
    }
  }

  /// The axis length; nil when a number is out of range.
  fileprivate var checked: Dimension? {
    let largest = Manifest.Limit.symbolicMagnitude
    switch self {
    case .fixed(let length):
      return (1..<UInt64(Manifest.Limit.magnitude)).contains(length) ? .fixed(Int(length)) : nil
    case .symbolic(let name, let multiple, let scale, let offset, let divisor):
      guard !name.isEmpty, (1...UInt64(largest)).contains(multiple),
        (1...Int64(largest)).contains(scale), (1...UInt64(largest)).contains(divisor),
        (-Int64(largest)...Int64(largest)).contains(offset)
      else { return nil }
      return .symbolic(
        Symbol(name, multiple: Int(multiple)), scale: Int(scale), offset: Int(offset),
        divisor: Int(divisor))
    }
  }
}

extension Manifest.Node {
  init(_ node: Node) {
    self.init(
      mnemonic: node.operation.mnemonic,
      attributes: node.operation.attributes.sorted { $0.key < $1.key }
        .map { Manifest.Attribute(name: $0.key, value: $0.value) },
      inputs: node.inputs.map(\.rawValue), results: node.results.map(\.rawValue),
      label: node.label)
  }

  fileprivate func restored() throws(ModelFileError) -> Node {
    var values: Attributes = [:]
    for attribute in attributes {
      guard attribute.value.isInRange else {
        throw damage("attribute '\(attribute.name)' of \(mnemonic) is out of range")
      }
      guard values.updateValue(attribute.value, forKey: attribute.name) == nil else {
        throw damage("\(mnemonic) has attribute '\(attribute.name)' twice")
      }
    }
    var made: [ValueID] = []
    for result in results { made.append(try valueID(result)) }
    do throws(GraphError) {
      return Node(
        try OperationRegistry.make(mnemonic, values), inputs.map { ValueID($0) }, results: made,
        label: label)
    } catch {
      throw damage(error.message)
    }
  }
}

extension AttributeValue {
  fileprivate var isInRange: Bool {
    let range = -Manifest.Limit.magnitude...Manifest.Limit.magnitude
    switch self {
    case .integer(let value): return range.contains(value)
    case .integers(let values): return values.allSatisfy(range.contains)
    case .float, .floats, .string: return true
    }
  }
}
