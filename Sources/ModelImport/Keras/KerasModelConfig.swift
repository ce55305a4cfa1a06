/// The layers of a Keras functional or sequential model and how they call each other.
///
/// - Source: Keras 2.2.4 engine/network.py and Keras 3.15 models/functional.py, `get_config`.
struct KerasModelConfig {
  /// One tensor of one call of a layer.
  struct Reference: Hashable {
    var layer: String
    var call: Int
    var tensor: Int
  }

  struct Call {
    var inputs: [Reference]
    /// The `training` argument of the call, where it was given.
    var training: Bool?
  }

  struct Layer {
    var name: String
    var className: String
    var config: JSONValue
    var calls: [Call]

    /// Whether the layer is a model of layers itself.
    var isModel: Bool { config["layers"]?.array != nil }
  }

  var name: String
  var layers: [Layer]
  var inputs: [Reference]
  var outputs: [Reference]

  /// Reads `model_config`.
  ///
  /// - Throws: `ImportError.unsupportedLayer` when the text is not the config of such a model.
  init(_ text: String) throws(ImportError) {
    let document: JSONValue
    do {
      document = try JSONValue.parse(text)
    } catch {
      throw Self.malformed("it is not JSON")
    }
    guard let config = document["config"] else { throw Self.malformed("it has no 'config'") }
    try self.init(className: document["class_name"]?.string ?? "", config)
  }

  /// Reads the model that a layer is.
  init(of layer: Layer) throws(ImportError) {
    try self.init(className: layer.className, layer.config)
  }

  private init(className: String, _ config: JSONValue) throws(ImportError) {
    let items = config["layers"]?.array ?? config.array ?? []
    guard !items.isEmpty else {
      throw Self.malformed("a model of class '\(className)' lists no layers")
    }
    guard items.count <= 10_000 else { throw Self.malformed("it lists \(items.count) layers") }
    name = config["name"]?.string ?? "model"
    var layers: [Layer] = []
    for item in items { layers.append(try Self.layer(item)) }
    if className == "Sequential" {
      self.layers = Self.chained(layers)
      inputs = [Reference(layer: self.layers[0].name, call: 0, tensor: 0)]
      outputs = [Reference(layer: layers[layers.count - 1].name, call: 0, tensor: 0)]
    } else {
      self.layers = layers
      inputs = try Self.references(config["input_layers"])
      outputs = try Self.references(config["output_layers"])
      numberCallsFromZero()
    }
  }

  private static func malformed(_ problem: String) -> ImportError {
    ImportError(.unsupportedLayer, "the file's model_config cannot be read: \(problem)")
  }

  private static func chained(_ layers: [Layer]) -> [Layer] {
    var layers = layers
    if layers[0].className != "InputLayer" {
      let input = Layer(
        name: "input", className: "InputLayer", config: layers[0].config, calls: [])
      layers.insert(input, at: 0)
    }
    for index in layers.indices.dropFirst() {
      let previous = Reference(layer: layers[index - 1].name, call: 0, tensor: 0)
      layers[index].calls = [Call(inputs: [previous], training: nil)]
    }
    return layers
  }

  /// Nested models count the call that made them, which the file leaves out.
  private mutating func numberCallsFromZero() {
    let references = layers.flatMap { $0.calls.flatMap(\.inputs) } + outputs
    let last = Dictionary(references.map { ($0.layer, $0.call) }, uniquingKeysWith: max)
    var shift: [String: Int] = [:]
    for layer in layers where layer.isModel {
      let excess = (last[layer.name] ?? 0) - max(layer.calls.count - 1, 0)
      if excess > 0 { shift[layer.name] = excess }
    }
    func shifted(_ reference: Reference) -> Reference {
      var result = reference
      result.call -= shift[reference.layer] ?? 0
      return result
    }
    outputs = outputs.map(shifted)
    for index in layers.indices {
      for call in layers[index].calls.indices {
        layers[index].calls[call].inputs = layers[index].calls[call].inputs.map(shifted)
      }
    }
  }
}

extension KerasModelConfig {
  private static func layer(_ item: JSONValue) throws(ImportError) -> Layer {
    guard let className = item["class_name"]?.string, let config = item["config"],
      let name = item["name"]?.string ?? config["name"]?.string
    else { throw malformed("a layer lacks its class, name or config") }
    var calls: [Call] = []
    for node in item["inbound_nodes"]?.array ?? [] {
      calls.append(try call(node, layer: name))
    }
    return Layer(name: name, className: className, config: config, calls: calls)
  }

  private static func call(_ node: JSONValue, layer: String) throws(ImportError) -> Call {
    if let arguments = node["args"] {
      var inputs: [Reference] = []
      try collectTensors(arguments, into: &inputs)
      return Call(inputs: inputs, training: node["kwargs"]?["training"]?.bool)
    }
    guard let items = node.array else {
      throw malformed("the calls of layer '\(layer)' are neither Keras 2's lists nor Keras 3's")
    }
    var inputs: [Reference] = []
    var training: Bool?
    for item in items {
      inputs.append(try reference(item))
      training = item.array.flatMap { $0.count > 3 ? $0[3]["training"]?.bool : nil } ?? training
    }
    return Call(inputs: inputs, training: training)
  }

  /// Appends the tensors among the arguments of a Keras 3 call, in order.
  private static func collectTensors(
    _ value: JSONValue, into references: inout [Reference]
  ) throws(ImportError) {
    for item in value.array ?? [] { try collectTensors(item, into: &references) }
    if value["class_name"]?.string == "__keras_tensor__",
      let history = value["config"]?["keras_history"]
    {
      references.append(try reference(history))
    }
  }

  private static func references(_ value: JSONValue?) throws(ImportError) -> [Reference] {
    guard let items = value?.array, !items.isEmpty else {
      throw malformed("it lists no inputs or no outputs")
    }
    if items[0].string != nil { return [try reference(.array(items))] }
    var result: [Reference] = []
    for item in items { result.append(try reference(item)) }
    return result
  }

  private static func reference(_ item: JSONValue) throws(ImportError) -> Reference {
    guard let fields = item.array, fields.count >= 3, let layer = fields[0].string,
      let call = fields[1].integer, let tensor = fields[2].integer
    else { throw malformed("a connection is not [layer, call, tensor]") }
    return Reference(layer: layer, call: call, tensor: tensor)
  }
}
