import CheckpointFormats
import GraphIR
import OrderedCollections
import TensorCore

/// Builds the graph of an ONNX model, node by node, in the order of the file.
struct ONNXGraphBuilder {
  /// Most elements that constant nodes may compute in all.
  static let maximumFoldedCount = 1 << 27

  let model: ONNXModel
  let tensors: ONNXTensors
  let request: ImportRequest
  var assembler: GraphAssembler
  private let sizeMultiple: Int
  private var values: [String: ONNXValue] = [:]
  private var constantNames: [String: String] = [:]
  private var takenNames: Set<String> = []
  private var foldedCount = 0
  /// Products with a matrix, which a following addition completes.
  var products: [ValueID: (input: ValueID, weights: ONNXConstant)] = [:]

  init(
    _ model: ONNXModel, _ tensors: ONNXTensors, _ request: ImportRequest, sizeMultiple: Int
  ) {
    self.model = model
    self.tensors = tensors
    self.request = request
    self.sizeMultiple = sizeMultiple
    assembler = GraphAssembler(name: "onnx-model")
  }

  mutating func build() throws(ImportError) -> Graph {
    for input in model.inputs where model.initializers[input.name] == nil {
      try addInput(input)
    }
    for node in model.nodes { try run(node) }
    for output in model.outputs {
      guard let value = try value(output.name) else {
        throw ImportError(.missingTensor, "nothing makes the output '\(output.name.shown)'")
      }
      let result = try picture(value) {
        ImportError(.unsupportedLayer, "output '\(output.name.shown)' \($0)")
      }
      assembler.addOutput(output.name, result)
    }
    var graph = assembler.graph
    graph.removeDeadNodes()
    return graph
  }

  private mutating func addInput(_ input: ONNXValueInfo) throws(ImportError) {
    func unsupported(_ problem: String) -> ImportError {
      ImportError(.unsupportedLayer, "input '\(input.name.shown)' \(problem)")
    }
    guard input.elementType == .float32 else {
      throw unsupported("does not have elements of type f32; export the model in f32")
    }
    guard let axes = input.dimensions, axes.count == 4, case .fixed(let channels) = axes[1],
      (1...65_536).contains(channels)
    else {
      throw unsupported("is not a picture [N, C, H, W] with known channels")
    }
    guard values[input.name] == nil else { throw unsupported("is there twice") }
    var dimensions: [Dimension] = []
    for (axis, length) in axes.enumerated() {
      switch length {
      case .fixed(let value):
        guard (1...1 << 24).contains(value) else { throw unsupported("has an axis of \(value)") }
        dimensions.append(.fixed(value))
      case .named(let name): dimensions.append(.symbol(symbol(name, axis: axis)))
      case .unknown: dimensions.append(.symbol(symbol(["N", "C", "H", "W"][axis], axis: axis)))
      }
    }
    values[input.name] = .graph(
      assembler.addInput(input.name, ValueType(.float32, dimensions, layout: .nchw)))
  }

  /// The symbol for an axis that the file calls `name`; `32*rows` is one of multiples of 32.
  private func symbol(_ name: String, axis: Int) -> Symbol {
    let factors = name.split(separator: "*")
    let stated = factors.count == 2 ? Int(factors[0]).map { min(max($0, 1), 4096) } ?? 1 : 1
    let kept = (factors.last.map(String.init) ?? name).filter {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")
    }
    let isWord = kept.first.map { $0.isLetter || $0 == "_" } ?? false
    let multiple = axis < 2 ? 1 : max(stated, sizeMultiple)
    return Symbol(isWord ? kept : "axis\(axis)_\(kept)", multiple: multiple)
  }

  private mutating func run(_ node: ONNXNode) throws(ImportError) {
    var inputs: [ONNXValue?] = []
    for name in node.inputs {
      if name.isEmpty {
        inputs.append(nil)
      } else if let value = try value(name) {
        inputs.append(value)
      } else {
        throw ImportError(
          .missingTensor,
          "node '\(node.displayName)' (\(node.operatorType)) reads '\(name.shown)', which is no "
            + "input, no tensor and no result of an earlier node")
      }
    }
    let call = ONNXNodeCall(
      node: node, inputs: inputs,
      constantName: uniqueName(node.outputs.first ?? ""), version: model.operatorSets[""] ?? 0)
    let results = try ONNXOperatorTable.row(node)(&self, call)
    for (name, value) in zip(node.outputs, results) where !name.isEmpty {
      guard values.updateValue(value, forKey: name) == nil else {
        throw call.unsupported("makes '\(name.shown)', which is there already")
      }
    }
  }

  private mutating func value(_ name: String) throws(ImportError) -> ONNXValue? {
    if let value = values[name] { return value }
    guard let tensor = try tensors.tensor(name) else { return nil }
    let value = try constant(tensor, name: name)
    values[name] = value
    return value
  }

  /// A tensor as a value, under a name of its own.
  mutating func constant(_ tensor: Tensor, name: String) throws(ImportError) -> ONNXValue {
    if let numbers = ONNXNumbers(tensor) { return .numbers(numbers) }
    guard [.float32, .bool].contains(tensor.elementType) else {
      throw ImportError(
        .unsupportedLayer,
        "tensor '\(name.shown)' has \(tensor.elementCount) elements of type "
          + "\(tensor.elementType.rawValue), which nothing here computes with")
    }
    return .constant(ONNXConstant(name: uniqueName(name), tensor: tensor))
  }

  private mutating func uniqueName(_ name: String) -> String {
    if let known = constantNames[name] { return known }
    let wanted = name.asGraphName
    var unique = wanted
    var number = 1
    while !takenNames.insert(unique).inserted {
      number += 1
      unique = "\(wanted).\(number)"
    }
    constantNames[name] = unique
    return unique
  }

  /// Counts elements that are computed at import, so that a small file cannot ask for much.
  mutating func countFolded(
    _ count: Double, _ call: ONNXNodeCall
  ) throws(ImportError) {
    guard count <= Double(Self.maximumFoldedCount - foldedCount) else {
      throw call.unsupported("constants would take more than \(Self.maximumFoldedCount) elements")
    }
    foldedCount += Int(count)
  }
}

extension String {
  /// The text for use in a message.
  var shown: String { escapingControlCharacters() }
}
