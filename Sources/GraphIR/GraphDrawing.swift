/// A graph as boxes and the edges between them, for printers of pictures.
///
/// Ports and nodes are boxes; constants and fills are not, since every layer has some.
struct GraphDrawing {
  /// What a box is, for its colour.
  enum Kind: String, CaseIterable {
    case port
    /// Convolutions and dense layers.
    case product
    case normalization
    /// What moves, repeats, joins or pools values.
    case arrangement
    /// Arithmetic on one plane: masks, window sums and ratios.
    case plane
    case arithmetic
  }

  struct Box {
    let kind: Kind
    /// Unique in the drawing: `in_0`, `n3`, `out_7`.
    let name: String
    /// The operation, or the port's name.
    let title: String
    /// The layer; empty when there is none.
    let label: String
    /// Of the first result.
    let type: String
    /// The whole line of the text form.
    let line: String
  }

  /// In an order in which every edge goes forwards.
  private(set) var boxes: [Box] = []
  private(set) var edges: [(from: Int, to: Int)] = []

  init(_ graph: Graph) {
    var makers: [ValueID: Int] = [:]
    let types = graph.resultTypes
    for input in graph.inputs {
      makers[input.value] = boxes.count
      boxes.append(
        Box(
          kind: .port, name: "in_\(input.value.rawValue)", title: input.name, label: "",
          type: input.type.description, line: "input \(input.name)"))
    }
    for (index, node) in graph.nodes.enumerated() where !(node.operation is Fill) {
      let type = node.results.first.flatMap(graph.type)
      for case let maker? in node.inputs.map({ makers[$0] }) { edges.append((maker, boxes.count)) }
      for value in node.results { makers[value] = boxes.count }
      boxes.append(
        Box(
          kind: Kind(node.operation, type), name: "n\(index)", title: node.operation.mnemonic,
          label: node.label, type: type?.description ?? "",
          line: GraphPrinter.line(node, types: types)))
    }
    for (position, output) in graph.outputs.enumerated() {
      if let maker = makers[output.value] { edges.append((maker, boxes.count)) }
      boxes.append(
        Box(
          kind: .port, name: "out_\(position)", title: output.name, label: "",
          type: graph.type(of: output.value)?.description ?? "", line: "output \(output.name)"))
    }
  }
}

extension GraphDrawing.Kind {
  fileprivate init(_ operation: any Operation, _ type: ValueType?) {
    let isPlane = type?.rank == 4 && type?.dimensions[1] == .fixed(1)
    switch operation {
    case is Convolution where isPlane: self = .plane
    case is Convolution, is PartialConvolution, is PartialConvolution3D, is Dense: self = .product
    case is BatchNormalization: self = .normalization
    case is Concat, is SliceChannels, is ExpandChannels, is UpsampleNearest, is ResizeNearest,
      is Pad, is Pool, is GlobalAverage, is Flatten, is ChangeLayout:
      self = .arrangement
    default: self = isPlane ? .plane : .arithmetic
    }
  }
}
