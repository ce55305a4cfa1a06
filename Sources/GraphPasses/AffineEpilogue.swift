import GraphIR
import TensorCore

/// What follows a convolution, kept as `sum ⊙ ratio + Σ_j vector_j ⊙ plane_j` while it can be.
///
/// Every absorbed node reads only the value so far, so nothing else sees the intermediate results.
struct AffineEpilogue {
  struct Bias {
    var vector: [Float]
    /// nil where the vector is added everywhere.
    var plane: ValueID?
  }

  private(set) var ratio: ValueID?
  private(set) var biases: [Bias] = []
  /// The value that the form describes so far, and the node that makes it.
  private(set) var value: ValueID
  private(set) var position: Int
  private let sum: ValueID

  init(sum: ValueID, at position: Int) {
    self.sum = sum
    value = sum
    self.position = position
  }

  /// Whether anything was absorbed.
  var isPresent: Bool { value != sum }

  /// Follows the single reader of the value as long as it keeps the form.
  mutating func absorb(_ context: inout PassContext) throws(GraphError) {
    while let reader = singleReader(context.graph) {
      let node = context.graph.nodes[reader]
      position = reader
      guard try absorb(node, &context) else {
        position = context.graph.nodes.firstIndex { $0.results.contains(value) } ?? position
        break
      }
      value = node.results[0]
      position = context.graph.nodes.firstIndex { $0.results == node.results } ?? position
    }
    biases.removeAll { bias in bias.vector.allSatisfy { $0 == 0 } }
  }

  private func singleReader(_ graph: Graph) -> Int? {
    guard !graph.outputs.contains(where: { $0.value == value }) else { return nil }
    let readers = graph.nodes.indices.filter { graph.nodes[$0].inputs.contains(value) }
    return readers.count == 1 ? readers[0] : nil
  }

  private mutating func absorb(
    _ node: Node, _ context: inout PassContext
  ) throws(GraphError) -> Bool {
    guard node.inputs.count(where: { $0 == value }) == 1,
      let place = node.inputs.firstIndex(of: value),
      context.graph.type(of: node.results[0]) == context.graph.type(of: value)
    else { return false }
    switch node.operation {
    case is Add:
      return addVector(node.inputs[1 - place], sign: 1, context.graph)
    case is Subtract where place == 0:
      return addVector(node.inputs[1], sign: -1, context.graph)
    case is Multiply where context.graph.isPlane(node.inputs[1 - place], of: value):
      let factor = node.inputs[1 - place]
      try transformPlanes(&context) { plane, insert throws(GraphError) in
        guard let plane else { return factor }
        return try insert(Multiply(), [plane, factor])
      }
      return true
    case is Divide where place == 0 && context.graph.isPlane(node.inputs[1], of: value):
      let divisor = node.inputs[1]
      try transformPlanes(&context) { plane, insert throws(GraphError) in
        if let plane { return try insert(Divide(), [plane, divisor]) }
        return try insert(Divide(), [insert(Fill.scalar(1), []), divisor])
      }
      return true
    case is Select where place == 2 && isZero(node.inputs[1], context.graph):
      let condition = node.inputs[0]
      guard context.graph.isPlane(condition, of: value, .bool) else { return false }
      try transformPlanes(&context) { plane, insert throws(GraphError) in
        let zero = try insert(Fill.scalar(0), [])
        if let plane { return try insert(Select(), [condition, zero, plane]) }
        return try insert(Select(), [condition, zero, insert(Fill.scalar(1), [])])
      }
      return true
    default: return false
    }
  }

  private typealias Insert = (any Operation, [ValueID]) throws(GraphError) -> ValueID

  /// Applies a factor to the ratio and to every bias plane; equal planes stay one value.
  private mutating func transformPlanes(
    _ context: inout PassContext,
    _ transform: (ValueID?, Insert) throws(GraphError) -> ValueID
  ) throws(GraphError) {
    var done: [ValueID?: ValueID] = [:]
    for plane in [ratio] + biases.map(\.plane) where done[plane] == nil {
      var copy = context
      var place = position
      done[plane] = try transform(plane) { operation, inputs throws(GraphError) in
        let value = try copy.insert(operation, inputs, before: place)
        place += 1
        return value
      }
      context = copy
      position = place
    }
    ratio = done[ratio].flatMap(\.self)
    for index in biases.indices { biases[index].plane = done[biases[index].plane].flatMap(\.self) }
  }

  private mutating func addVector(_ value: ValueID, sign: Float, _ graph: Graph) -> Bool {
    guard let tensor = graph.constantTensor(value), tensor.shape.count == 4,
      tensor.shape[1] == tensor.elementCount,
      graph.type(of: self.value)?.dimensions[1] == .fixed(tensor.elementCount)
    else { return false }
    let vector = tensor.floatArray.map { sign * $0 }
    if let index = biases.firstIndex(where: { $0.plane == nil }) {
      biases[index].vector = zip(biases[index].vector, vector).map { $0 + $1 }
    } else {
      biases.append(Bias(vector: vector, plane: nil))
    }
    return true
  }

  private func isZero(_ value: ValueID, _ graph: Graph) -> Bool {
    let fill = graph.nodes.first { $0.results == [value] }?.operation as? Fill
    return fill?.value == 0 && fill?.shape == [1, 1, 1, 1]
  }
}
