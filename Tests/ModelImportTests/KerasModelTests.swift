import Foundation
import GraphIR
import OrderedCollections
import TensorCore
import TestSupport
import Testing

@testable import CheckpointFormats
@testable import ModelImport

/// Whole Keras models, by their `model_config`.
@Suite struct KerasModelTests {
  private typealias Layer = [String: Any]

  private func layer(
    _ className: String, _ name: String, _ config: [String: Any] = [:], inputs: [String] = [],
    arguments: [String: Any] = [:]
  ) -> Layer {
    let references = inputs.map { [$0, 0, 0, arguments] as [Any] }
    return [
      "class_name": className, "name": name, "config": config.merging(["name": name]) { $1 },
      "inbound_nodes": inputs.isEmpty ? [] : [references],
    ]
  }

  private func input(_ name: String = "input") -> Layer {
    layer("InputLayer", name, ["batch_input_shape": [NSNull(), NSNull(), NSNull(), 3]])
  }

  private func config(
    _ layers: [Layer], inputs: [String] = ["input"], output: String
  ) throws -> String {
    let model: [String: Any] = [
      "class_name": "Model",
      "config": [
        "name": "test", "layers": layers, "input_layers": inputs.map { [$0, 0, 0] as [Any] },
        "output_layers": [[output, 0, 0] as [Any]],
      ] as [String: Any],
    ]
    return String(decoding: try JSONSerialization.data(withJSONObject: model), as: UTF8.self)
  }

  /// Imports a model of `config` whose weights are all 0.5.
  private func importModel(
    _ config: String, weights: [String: [Int]] = [:], _ request: ImportRequest = ImportRequest()
  ) throws -> ImportedModel {
    var root = HDF5Group()
    for (path, shape) in weights.sorted(by: { $0.key < $1.key }) {
      let names = path.split(separator: "/").map(String.init)
      var arrays = root.groups[names[0]]?.groups[names[0]] ?? HDF5Group()
      let values = [Float](repeating: 0.5, count: shape.reduce(1, *))
      arrays.datasets[names[1]] = Tensor(values, shape: shape)
      var layer = HDF5Group()
      layer.groups[names[0]] = arrays
      layer.attributes["weight_names"] = .strings(arrays.datasets.keys.map { "\(names[0])/\($0)" })
      root.groups[names[0]] = layer
    }
    root.attributes["layer_names"] =
      root.groups.isEmpty ? .empty : .strings(Array(root.groups.keys))
    let checkpoint = try KerasCheckpoint(root, archivedConfig: config)
    let model = try KerasModelConfig(config)
    var arrays = try KerasWeights(checkpoint, model)
    let keys = Array(arrays.entries.keys)
    let order = arrays.configOrder
    return try KerasModelImport(
      config: model,
      store: WeightStore(arrays.takeEntries(), convention: .keras, order: order),
      traits: CheckpointTraits(framework: .keras, keys: keys, arch: nil),
      request: request, catalogue: NetworkCatalogue.bundled(), format: "Keras", notes: []
    ).run()
  }

  private func expectRefusal(
    _ config: String, weights: [String: [Int]] = [:], _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: ImportError.self, sourceLocation: sourceLocation) {
      try importModel(config, weights: weights)
    }
    guard let error else { return }
    #expect(
      [.unsupportedLayer, .shapeMismatch, .missingTensor].contains(error.code), "\(error)",
      sourceLocation: sourceLocation)
    for word in words {
      #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
    }
  }

  private let kernel: [String: Any] = [
    "filters": 4, "kernel_size": [3, 3], "padding": "same", "activation": "relu",
  ]

  @Test func `builds a model of ordinary layers`() throws {
    let model = try importModel(
      config(
        [
          input(), layer("Conv2D", "first", kernel, inputs: ["input"]),
          layer("LeakyReLU", "second", ["alpha": 0.25], inputs: ["first"]),
        ], output: "second"),
      weights: ["first/kernel": [3, 3, 3, 4], "first/bias": [4]])
    #expect(model.network == "keras-model")
    #expect(model.reason == "built from the file's own model_config")
    #expect(
      model.graph.graph.nodes.map(\.operation.mnemonic).suffix(4)
        == ["add", "relu", "leaky_relu", "change_layout"])
    #expect(model.graph.graph.inputs.map(\.name) == ["input"])
    #expect(model.graph.graph.outputs.map(\.name) == ["output"])
  }

  @Test func `builds a sequential model`() throws {
    let layers = [
      layer("Conv2D", "first", kernel.merging(["batch_input_shape": [NSNull(), 8, 8, 3]]) { $1 }),
      layer("UpSampling2D", "second", ["size": [2, 2]]),
    ]
    let document: [String: Any] = ["class_name": "Sequential", "config": ["layers": layers]]
    let text = String(decoding: try JSONSerialization.data(withJSONObject: document), as: UTF8.self)
    let model = try importModel(
      text, weights: ["first/kernel": [3, 3, 3, 4], "first/bias": [4]])
    #expect(model.graph.graph.nodes.contains { $0.operation.mnemonic == "upsample_nearest" })
  }

  @Test func `rejects a Lambda layer by its name`() throws {
    expectRefusal(
      try config([input(), layer("Lambda", "sly", inputs: ["input"])], output: "sly"), "'sly'",
      "Lambda", "not run")
    expectError(.unsupportedLayer, "Lambda", "not run") {
      _ = try ImporterRegistry.importModel(
        PackageFiles.fixture("keras/lambda_model.h5"), ImportRequest())
    }
  }

  @Test func `rejects a layer class it does not know`() throws {
    expectRefusal(
      try config([input(), layer("GatedConv", "gate", inputs: ["input"])], output: "gate"),
      "'gate'", "'GatedConv'", "Conv2D")
  }

  @Test func `rejects layers that wait for each other`() throws {
    expectRefusal(
      try config(
        [
          input(), layer("Add", "one", inputs: ["input", "two"]),
          layer("ReLU", "two", inputs: ["one"]),
        ], output: "two"), "'one', 'two'", "wait for each other")
    expectRefusal(
      try config([input(), layer("ReLU", "one", inputs: ["one"])], output: "one"), "'one'")
    expectRefusal(
      try config([input(), layer("ReLU", "one", inputs: ["none"])], output: "one"), "'one'")
    expectRefusal(try config([input()], output: "none"), "'none'")
  }

  @Test(arguments: [
    "", "{", "[]", "{}", "{\"config\": {}}", "{\"config\": {\"layers\": []}}",
    "{\"config\": {\"layers\": [1]}}", "{\"class_name\": \"Sequential\", \"config\": []}",
    "{\"config\": {\"layers\": [{\"class_name\": \"ReLU\", \"config\": {}}]}}",
  ])
  func `rejects a configuration that is none`(_ text: String) {
    expectRefusal(text, "model_config")
  }

  @Test func `rejects a configuration that nests too deeply`() {
    expectRefusal(String(repeating: "[", count: 100_000), "model_config")
  }

  @Test func `rejects attributes that no operation expresses`() throws {
    let weights = ["layer/kernel": [3, 3, 3, 4], "layer/bias": [4]]
    for (key, value) in [
      ("strides", [0, 0] as Any), ("strides", [-1, 1]), ("dilation_rate", [1e9, 1]), ("groups", 0),
      ("groups", -1), ("groups", 1e18), ("kernel_size", "three"), ("padding", "causal"),
      ("activation", "gelu"), ("data_format", "channels_first"),
    ] {
      let settings = kernel.merging([key: value]) { $1 }
      expectRefusal(
        try config(
          [input(), layer("Conv2D", "layer", settings, inputs: ["input"])], output: "layer"),
        weights: weights, "'layer'")
    }
  }

  @Test(arguments: [[], [4], [3, 3], [3, 3, 3], [3, 3, 2, 4], [1, 1, 1, 1, 1]])
  func `rejects a kernel of another shape`(_ shape: [Int]) throws {
    let ordinary = try config(
      [input(), layer("Conv2D", "layer", kernel, inputs: ["input"])], output: "layer")
    expectRefusal(ordinary, weights: ["layer/kernel": shape, "layer/bias": [4]], "layer")
    let partial = try config(
      [input("a"), input("b"), layer("PConv2D", "layer", kernel, inputs: ["a", "b"])],
      inputs: ["a", "b"], output: "layer")
    let error = #expect(throws: ImportError.self) {
      try importModel(
        partial, weights: ["layer/img_kernel": shape, "layer/bias": [4]],
        ImportRequest(network: "pconv-keras"))
    }
    #expect(error?.message.contains("layer") == true, "\(String(describing: error))")
  }

  @Test func `rejects a missing weight by its name`() throws {
    let text = try config(
      [input(), layer("Conv2D", "layer", kernel, inputs: ["input"])], output: "layer")
    expectRefusal(text, "'layer'", "'kernel'")
    expectRefusal(text, weights: ["layer/kernel": [3, 3, 3, 4]], "bias")
  }

  @Test func `rejects a partial convolution that is also called with fewer inputs`() throws {
    var partial = layer("PConv2D", "layer", kernel, inputs: ["a", "b"])
    partial["inbound_nodes"] = [[["a", 0, 0, [:]], ["b", 0, 0, [:]]] as [Any], [] as [Any]]
    let text = try config([input("a"), input("b"), partial], inputs: ["a", "b"], output: "layer")
    let error = #expect(throws: ImportError.self) {
      try importModel(
        text, weights: ["layer/img_kernel": [3, 3, 3, 4], "layer/bias": [4]],
        ImportRequest(network: "pconv-keras"))
    }
    #expect(error?.code == .unsupportedLayer)
  }

  @Test func `knows a partial convolution under any class name`() throws {
    for name in ["PConv2D", "PartialConv", "MyLayer"] {
      let model = try importModel(
        config(
          [input("a"), input("b"), layer(name, "layer", kernel, inputs: ["a", "b"])],
          inputs: ["a", "b"], output: "layer"),
        weights: ["layer/img_kernel": [3, 3, 3, 4], "layer/bias": [4]],
        ImportRequest(network: "pconv-keras"))
      #expect(model.graph.graph.inputs.map(\.name) == ["image", "mask"])
      #expect(model.graph.graph.inputs.map(\.aliases) == [["a"], ["b"]])
    }
  }
}
