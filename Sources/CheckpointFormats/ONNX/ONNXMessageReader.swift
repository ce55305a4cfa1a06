import CModelSchema
import CProtobufC
import OrderedCollections
import TensorCore

/// Decodes a description and checks what its numbers mean.
struct ONNXMessageReader {
  /// Most bytes of a name.
  static let nameBytes = 4096

  let file: FileBytes
  let externalData: ONNXExternalData

  func read(_ description: ONNXDescription) throws(CheckpointError) -> ONNXModel {
    let memory = ProtobufMemory(byteCount: 1 << 20 + 16 * description.bytes.count)
    var allocator = unsafe memory.allocator
    defer { withExtendedLifetime(memory) {} }
    let bytes = description.bytes
    guard let message = unsafe onnx__model__unpack(&allocator, bytes.count, bytes) else {
      throw memory.isExceeded
        ? CheckpointError(
          .limitExceeded, "describes a graph that needs far more memory than its size",
          file: file.name)
        : corrupt("its protobuf encoding is broken")
    }
    defer { unsafe onnx__model__free_unpacked(message, &allocator) }
    guard let graph = unsafe message.pointee.graph else { throw corrupt("it has no graph") }
    return try unsafe model(message.pointee, graph.pointee, description.elements)
  }

  @unsafe private func model(
    _ model: Onnx__Model, _ graph: Onnx__Graph, _ elements: [ONNXDescription.Elements?]
  ) throws(CheckpointError) -> ONNXModel {
    var operatorSets: [String: Int] = [:]
    let found = unsafe messages(model.opset_import, model.n_opset_import)
    for index in unsafe found.indices {
      let set = unsafe found[index]
      let domain = try unsafe text(set.domain)
      operatorSets[domain == "ai.onnx" ? "" : domain] = unsafe Int(set.version)
    }
    var metadata: OrderedDictionary<String, String> = [:]
    for (key, value) in try unsafe properties(model.metadata_props, model.n_metadata_props) {
      metadata[key] = value
    }
    let producer = try unsafe [text(model.producer_name), text(model.producer_version)]
    let nodes = try unsafe messages(graph.node, graph.n_node).map { node throws(CheckpointError) in
      try unsafe self.node(node)
    }
    let initializers = try unsafe initializers(graph, elements)
    return try unsafe ONNXModel(
      irVersion: Int(model.ir_version),
      producer: producer.filter { !$0.isEmpty }.joined(separator: " "),
      operatorSets: operatorSets, graphName: text(graph.name), nodes: nodes,
      initializers: initializers, inputs: values(graph.input, graph.n_input),
      outputs: values(graph.output, graph.n_output), metadata: metadata,
      externalFiles: externalData.paths)
  }

  @unsafe private func initializers(
    _ graph: Onnx__Graph, _ elements: [ONNXDescription.Elements?]
  ) throws(CheckpointError) -> OrderedDictionary<String, StoredTensor> {
    let reader = ONNXTensorReader(messages: self)
    var result: OrderedDictionary<String, StoredTensor> = [:]
    let tensors = unsafe messages(graph.initializer, graph.n_initializer)
    guard unsafe tensors.count == elements.count else {
      throw corrupt("its tensors cannot be counted")
    }
    for (index, place) in elements.enumerated() {
      let tensor = unsafe tensors[index]
      let name = try unsafe text(tensor.name)
      guard result[name] == nil else { throw corrupt("two tensors are called '\(name)'") }
      result[name] = try unsafe reader.tensor(tensor, name: name, elements: place)
    }
    return result
  }

  @unsafe private func node(_ message: Onnx__Node) throws(CheckpointError) -> ONNXNode {
    let domain = try unsafe text(message.domain)
    var attributes: [String: ONNXAttribute] = [:]
    let name = try unsafe text(message.name)
    let found = unsafe messages(message.attribute, message.n_attribute)
    for index in unsafe found.indices {
      let attribute = unsafe found[index]
      let key = try unsafe text(attribute.name)
      guard attributes[key] == nil else {
        throw corrupt("node '\(name)' has two attributes '\(key)'")
      }
      attributes[key] = try unsafe value(of: attribute, node: name)
    }
    return try unsafe ONNXNode(
      name: name, operatorType: text(message.op_type), domain: domain == "ai.onnx" ? "" : domain,
      inputs: texts(message.input, message.n_input),
      outputs: texts(message.output, message.n_output), attributes: attributes)
  }

  /// Attribute types are numbered in onnx.proto AttributeProto.AttributeType.
  @unsafe private func value(
    of attribute: Onnx__Attribute, node: String
  ) throws(CheckpointError) -> ONNXAttribute {
    switch unsafe attribute.type {
    case 1: return unsafe .float(attribute.f)
    case 2: return unsafe .integer(Int(attribute.i))
    case 3: return try unsafe .text(text(attribute.s))
    case 4:
      guard let tensor = unsafe attribute.t else { throw corrupt("node '\(node)' lacks a tensor") }
      return try unsafe .tensor(
        ONNXTensorReader(messages: self).tensor(
          tensor.pointee, name: "a constant of '\(node)'", elements: nil))
    case 6:
      return unsafe .floats(
        Array(UnsafeBufferPointer(start: attribute.floats, count: attribute.n_floats)))
    case 7:
      return unsafe .integers(
        UnsafeBufferPointer(start: attribute.ints, count: attribute.n_ints).map { Int($0) })
    case 8:
      return try unsafe .texts(
        UnsafeBufferPointer(start: attribute.strings, count: attribute.n_strings)
          .map { bytes throws(CheckpointError) in try unsafe text(bytes) })
    default: return unsafe .other(Int(attribute.type))
    }
  }

  @unsafe private func values(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__ValueInfo>?>?, _ count: Int
  ) throws(CheckpointError) -> [ONNXValueInfo] {
    var result: [ONNXValueInfo] = []
    let found = unsafe messages(pointers, count)
    for index in unsafe found.indices {
      let value = unsafe found[index]
      var info = try unsafe ONNXValueInfo(name: text(value.name))
      if let tensor = unsafe value.type?.pointee.tensor_type {
        info.elementType = unsafe ElementType(onnxNumber: tensor.pointee.elem_type)
        if let shape = unsafe tensor.pointee.shape {
          info.dimensions = try unsafe messages(shape.pointee.dim, shape.pointee.n_dim)
            .map { axis throws(CheckpointError) in try unsafe dimension(axis) }
        }
      }
      result.append(info)
    }
    return result
  }

  @unsafe private func dimension(
    _ axis: Onnx__Dimension
  ) throws(CheckpointError) -> ONNXDimension {
    switch unsafe axis.value_case {
    case ONNX__DIMENSION__VALUE_DIM_VALUE: return unsafe .fixed(Int(axis.dim_value))
    case ONNX__DIMENSION__VALUE_DIM_PARAM:
      let name = try unsafe text(axis.dim_param)
      return name.isEmpty ? .unknown : .named(name)
    default: return .unknown
    }
  }
}

extension ONNXMessageReader {
  func corrupt(_ problem: String) -> CheckpointError {
    CheckpointError(.corrupt, "cannot be read: \(problem)", file: file.name)
  }

  /// The messages that `pointers` leads to, as protobuf-c made them.
  @unsafe func messages<Message>(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int
  ) -> [Message] {
    guard let pointers = unsafe pointers else { return [] }
    return unsafe UnsafeBufferPointer(start: pointers, count: count).compactMap {
      unsafe $0?.pointee
    }
  }

  /// A text; "" where the message has none.
  @unsafe func text(_ bytes: UnsafeMutablePointer<CChar>?) throws(CheckpointError) -> String {
    guard let bytes = unsafe bytes else { return "" }
    guard let text = unsafe String(validatingCString: bytes) else {
      throw corrupt("a name is not UTF-8")
    }
    guard text.utf8.count <= Self.nameBytes else {
      throw CheckpointError(
        .limitExceeded, "has a name of \(text.utf8.count) bytes", file: file.name)
    }
    return text
  }

  @unsafe func text(_ bytes: ProtobufCBinaryData) throws(CheckpointError) -> String {
    let buffer = unsafe UnsafeBufferPointer(start: bytes.data, count: bytes.len)
    guard let text = unsafe String(validating: buffer, as: UTF8.self) else {
      throw corrupt("a text is not UTF-8")
    }
    return text
  }

  @unsafe func texts(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
  ) throws(CheckpointError) -> [String] {
    try unsafe UnsafeBufferPointer(start: pointers, count: count)
      .map { bytes throws(CheckpointError) in try unsafe text(bytes) }
  }

  @unsafe func properties(
    _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Onnx__Property>?>?, _ count: Int
  ) throws(CheckpointError) -> [(key: String, value: String)] {
    var result: [(key: String, value: String)] = []
    let found = unsafe messages(pointers, count)
    for index in unsafe found.indices {
      let property = unsafe found[index]
      try unsafe result.append((text(property.key), cut(property.value)))
    }
    return result
  }

  /// A text that may be long, such as a stack trace among the metadata.
  @unsafe private func cut(
    _ bytes: UnsafeMutablePointer<CChar>?
  ) throws(CheckpointError) -> String {
    guard let bytes = unsafe bytes else { return "" }
    return unsafe String(String(cString: bytes).prefix(Self.nameBytes))
  }
}
