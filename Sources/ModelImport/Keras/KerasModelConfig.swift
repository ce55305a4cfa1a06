/// The layers of a Keras functional or sequential model and how they call each other.
///
/// - Source: Keras 2.2.4 engine/network.py `get_config`.
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
    let className = document["class_name"]?.string ?? ""
    guard let config = document["config"] else { throw Self.malformed("it has no 'config'") }
    let items = config["layers"]?.array ?? config.array ?? []
    guard !items.isEmpty else {
      throw Self.malformed("a model of class '\(className)' lists no layers")
    }
    name = config["name"]?.string ?? "model"
    var layers: [Layer] = []
    for item in items { layers.append(try Self.layer(item)) }
    if className == "Sequential" { layers = Self.chained(layers) }
    self.layers = layers
    if className == "Sequential" {
      inputs = [Reference(layer: layers[0].name, call: 0, tensor: 0)]
      outputs = [Reference(layer: layers[layers.count - 1].name, call: 0, tensor: 0)]
    } else {
      inputs = try Self.references(config["input_layers"])
      outputs = try Self.references(config["output_layers"])
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
    guard let items = node.array else {
      throw malformed("the calls of layer '\(layer)' are not lists, as Keras 2 writes them")
    }
    var inputs: [Reference] = []
    var training: Bool?
    for item in items {
      inputs.append(try reference(item))
      training = item.array.flatMap { $0.count > 3 ? $0[3]["training"]?.bool : nil } ?? training
    }
    return Call(inputs: inputs, training: training)
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
