import GraphIR
import TensorCore

/// Runs masks as single planes.
///
/// A convolution whose filters are all the same gives every output channel the same plane, and
/// arithmetic between such planes keeps it so. Given a mask `%1` of 64 equal channels,
/// ```text
/// %4 = convolution %1, %ones {…} : f32[N,128,H/2,W/2]
/// %5 = clip %4 {…}               : f32[N,128,H/2,W/2]
/// %6 = multiply %x, %5           : f32[N,128,H/2,W/2]
/// ```
/// becomes, with `%plane` the one channel of `%1` and a kernel of 64s,
/// ```text
/// %7 = convolution %plane, %64 {…} : f32[N,1,H/2,W/2]
/// %8 = clip %7 {…}                 : f32[N,1,H/2,W/2]
/// %6 = multiply %x, %8             : f32[N,128,H/2,W/2]
/// ```
/// Joined masks become a list of planes. Window sums of whole numbers are exact in f32 below 2^24,
/// whatever their order. A mask kernel whose filters differ stays as it is, and so does an input mask
/// whose channels may differ: only what is equal by construction is collapsed, so nothing has to be
/// checked when the model runs.
let collapseMasks = GraphPass("collapse-masks", .exactForIntegers) { context throws(GraphError) in
  var collapse = MaskCollapse(context)
  try collapse.run()
  context = collapse.context
}

/// Consecutive channels of a value.
private enum ChannelGroup {
  /// `count` channels that all equal the one-channel value.
  case plane(ValueID, count: Int)
  /// The channels of another value, each its own.
  case channels(ValueID, count: Int)

  var count: Int {
    switch self {
    case .plane(_, let count), .channels(_, let count): count
    }
  }

  var value: ValueID {
    switch self {
    case .plane(let value, _), .channels(let value, _): value
    }
  }

  func with(_ value: ValueID) -> ChannelGroup {
    switch self {
    case .plane(_, let count): .plane(value, count: count)
    case .channels(_, let count): .channels(value, count: count)
    }
  }
}

private struct MaskCollapse {
  var context: PassContext
  /// Only values of which some channels are known to be equal.
  private var groups: [ValueID: [ChannelGroup]] = [:]
  private var position = 0

  init(_ context: PassContext) { self.context = context }

  mutating func run() throws(GraphError) {
    while position < context.graph.nodes.count {
      let node = context.graph.nodes[position]
      try visit(node)
      position += 1
    }
    try expandWhatIsStillRead()
  }

  private mutating func visit(_ node: Node) throws(GraphError) {
    switch node.operation {
    case let convolution as Convolution: try visit(node, convolution)
    case is Concat:
      if node.inputs.contains(where: { groups[$0] != nil }) {
        groups[node.results[0]] = node.inputs.flatMap(groupsOrWhole)
      }
    case let expand as ExpandChannels:
      groups[node.results[0]] = [.plane(node.inputs[0], count: expand.count)]
    case is UpsampleNearest, is ResizeNearest, is Pad:
      guard let parts = groups[node.inputs[0]] else { return }
      var results: [ChannelGroup] = []
      for part in parts {
        let inputs = [part.value] + node.inputs.dropFirst()
        results.append(part.with(try insert(node.operation, inputs)))
      }
      groups[node.results[0]] = results
    case is any ElementwiseBinary, is any ElementwiseUnary, is Equal, is Select:
      try visitElementwise(node)
    default: break
    }
  }

  private mutating func visit(_ node: Node, _ convolution: Convolution) throws(GraphError) {
    guard convolution.groups == 1, let sums = filterWeights(node.inputs[1]),
      (channelCount(node.results[0]) ?? 0) > 1 || groups[node.inputs[0]] != nil
    else { return }
    let parts = groupsOrWhole(node.inputs[0])
    guard let kernel = context.graph.type(of: node.inputs[1])?.fixedShape else { return }
    let input = parts.count == 1 ? parts[0].value : try insert(Concat(), parts.map(\.value))
    let weights = try planeWeights(sums, parts, kernel, label: node.label)
    let plane = try insert(convolution, [input, weights])
    groups[node.results[0]] = [.plane(plane, count: kernel[0])]
  }

  /// Arithmetic whose operands are all single planes is done on the planes. Other arithmetic reads
  /// planes where it can, and part by part where a product's mask is joined from several.
  private mutating func visitElementwise(_ node: Node) throws(GraphError) {
    let planes = node.inputs.map(plane)
    let known = planes.compactMap(\.self)
    guard node.inputs.contains(where: { groups[$0] != nil }) else { return }
    if known.count == node.inputs.count {
      let result = try insert(node.operation, known)
      let count = node.inputs.compactMap(channelCount).max() ?? 1
      groups[node.results[0]] = [.plane(result, count: count)]
    } else if zip(node.inputs, planes).contains(where: { $1 != nil && $0 != $1 }) {
      let inputs = zip(node.inputs, planes).map { $1 ?? $0 }
      let result = try insert(node.operation, inputs)
      context.replace(
        node.results[0], with: result, "\(node.operation.mnemonic) of '\(node.label)' reads a plane")
    } else if node.operation is Multiply {
      try distributeProduct(node)
    }
  }

  /// `concat(a, b) · mask` with a mask joined from the same parts is `concat(a · p, b · q)`.
  private mutating func distributeProduct(_ node: Node) throws(GraphError) {
    guard let index = node.inputs.firstIndex(where: { groups[$0] != nil }),
      let parts = groups[node.inputs[index]],
      let type = context.graph.type(of: node.results[0]),
      context.graph.type(of: node.inputs[1 - index]) == type
    else { return }
    let pictures = try split(node.inputs[1 - index], like: parts)
    var products: [ValueID] = []
    for (picture, part) in zip(pictures, parts) {
      products.append(try insert(Multiply(), [picture, part.value]))
    }
    let result = try insert(Concat(), products)
    context.replace(
      node.results[0], with: result, "product of '\(node.label)' is taken part by part")
  }

  /// The channels of `value` cut where `parts` begin: the inputs of its concat when they fit.
  private mutating func split(
    _ value: ValueID, like parts: [ChannelGroup]
  ) throws(GraphError) -> [ValueID] {
    if let node = context.graph.nodes.first(where: { $0.results == [value] }),
      node.operation is Concat, node.inputs.map(channelCount) == parts.map(\.count)
    {
      return node.inputs
    }
    var start = 0
    var pieces: [ValueID] = []
    for part in parts {
      pieces.append(
        try insert(SliceChannels(start: start, end: start + part.count), [value]))
      start += part.count
    }
    return pieces
  }

  /// Gives all channels to the outputs and operations that need them, from the last node back, so
  /// that what only made those channels is passed over.
  private mutating func expandWhatIsStillRead() throws(GraphError) {
    var needed = Set(context.graph.outputs.map(\.value))
    for index in context.graph.nodes.indices.reversed() {
      let node = context.graph.nodes[index]
      guard let value = node.results.first(where: needed.contains) else { continue }
      guard let parts = groups[value], !(node.operation is Concat),
        !(node.operation is ExpandChannels)
      else {
        needed.formUnion(node.inputs)
        continue
      }
      position = index
      var whole: [ValueID] = []
      for part in parts { whole.append(try expanded(part)) }
      let result = whole.count == 1 ? whole[0] : try insert(Concat(), whole)
      context.replace(value, with: result, "mask of '\(node.label)' is one plane")
      needed.formUnion(parts.map(\.value))
    }
  }

  private mutating func expanded(_ part: ChannelGroup) throws(GraphError) -> ValueID {
    guard case .plane(let plane, let count) = part, count > 1 else { return part.value }
    return try insert(ExpandChannels(count: count), [plane])
  }

  private mutating func insert(
    _ operation: any Operation, _ inputs: [ValueID]
  ) throws(GraphError) -> ValueID {
    let value = try context.insert(operation, inputs, before: position)
    position += 1
    return value
  }
}

extension MaskCollapse {
  private func channelCount(_ value: ValueID) -> Int? {
    guard let type = context.graph.type(of: value), type.rank == 4 else { return nil }
    return type.dimensions[1].fixedValue
  }

  private func groupsOrWhole(_ value: ValueID) -> [ChannelGroup] {
    groups[value] ?? [.channels(value, count: channelCount(value) ?? 0)]
  }

  /// The one plane that all channels of `value` are; the value itself when it has one channel.
  private func plane(_ value: ValueID) -> ValueID? {
    if let parts = groups[value] {
      guard parts.count == 1, case .plane(let plane, _) = parts[0] else { return nil }
      return plane
    }
    return channelCount(value) == 1 ? value : nil
  }

  /// The filter `[C, kh, kw]` that all output channels share; nil when they differ.
  private func filterWeights(_ value: ValueID) -> [Float]? {
    if let fill = context.graph.nodes.first(where: { $0.results == [value] })?.operation as? Fill {
      return [Float](
        repeating: fill.value, count: Tensor.elementCount(of: Array(fill.shape.dropFirst())))
    }
    guard let tensor = context.graph.constantTensor(value), tensor.elementType == .float32,
      tensor.shape.count == 4
    else { return nil }
    let values = tensor.floats
    let count = values.count / tensor.shape[0]
    for index in values.indices.dropFirst(count) where values[index] != values[index % count] {
      return nil
    }
    return (0..<count).map { values[$0] }
  }

  /// The kernel `[1, planes, kh, kw]` that sums each group's channels at once.
  private mutating func planeWeights(
    _ filter: [Float], _ parts: [ChannelGroup], _ kernel: [Int], label: String
  ) throws(GraphError) -> ValueID {
    let area = kernel[2] * kernel[3]
    var weights: [Float] = []
    var channel = 0
    for part in parts {
      let channels = (channel..<channel + part.count).map { filter[$0 * area..<($0 + 1) * area] }
      channel += part.count
      switch part {
      case .channels: weights += channels.joined()
      case .plane:
        weights += (0..<area).map { cell in
          Float(channels.reduce(0.0) { $0 + Double($1[$1.startIndex + cell]) })
        }
      }
    }
    let shape = [1, weights.count / area, kernel[2], kernel[3]]
    if weights.allSatisfy({ $0 == weights[0] }) {
      return try insert(Fill(weights[0], shape: shape), [])
    }
    return context.addConstant("\(label).window", Tensor(weights, shape: shape))
  }
}
