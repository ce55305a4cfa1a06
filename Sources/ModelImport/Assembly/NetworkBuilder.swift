import GraphIR
import TensorCore

/// Runs the steps of a network description over a checkpoint's tensors and gives the graph.
struct NetworkBuilder {
  private let description: NetworkDescription
  private let store: WeightStore
  private let statistics: BatchNormalization.Statistics
  private var assembler: GraphAssembler
  private var scope: Scope
  private var current: Features
  private var saved: [String: Features] = [:]

  /// Builds the graph for pictures whose height and width are multiples of `sizeMultiple`.
  static func build(
    _ description: NetworkDescription, _ store: WeightStore, scope: Scope,
    statistics: BatchNormalization.Statistics, sizeMultiple: Int
  ) throws(ImportError) -> Graph {
    var builder = try NetworkBuilder(description, store, scope, statistics, sizeMultiple)
    try builder.run(description.network)
    return try builder.finish()
  }

  private init(
    _ description: NetworkDescription, _ store: WeightStore, _ scope: Scope,
    _ statistics: BatchNormalization.Statistics, _ sizeMultiple: Int
  ) throws(ImportError) {
    self.description = description
    self.store = store
    self.scope = scope
    self.statistics = statistics
    assembler = GraphAssembler(name: description.name)
    let size = ["H", "W"].map { Dimension.symbol(Symbol($0, multiple: sizeMultiple)) }
    let image = try assembler.addPicture("image", description.image, size, description, scope)
    var mask: ValueID?
    if let input = description.mask {
      mask = try assembler.addPicture("mask", input, size, description, scope)
    }
    current = Features(image: image, mask: mask)
  }

  private mutating func finish() throws(ImportError) -> Graph {
    for (name, kind) in description.outputs.sorted(by: { $0.key < $1.key }) {
      guard kind == "image" || kind == "mask" else {
        throw ImportError(
          .badDescription, "output '\(name)' is 'image' or 'mask', it cannot be '\(kind)'")
      }
      guard let value = kind == "mask" ? current.mask : current.image else {
        throw ImportError(.badDescription, "output '\(name)' asks for a mask, but there is none")
      }
      let isPicture = assembler.type(value).layout == .nchw
      assembler.addOutput(
        name,
        description.framework == .keras && isPicture
          ? try assembler.apply(ChangeLayout(to: .nhwc), value, label: "") : value)
    }
    return assembler.graph
  }

  private mutating func run(_ steps: [NetworkStep]) throws(ImportError) {
    for step in steps { try run(step) }
  }

  private mutating func run(_ step: NetworkStep) throws(ImportError) {
    switch step {
    case .partialConvolution(let layer):
      let name = try layerName(layer.layer, kind: "partial_convolution")
      let dialect = try description.partialConvolution.dialect(layer.dialect, scope)
      current = try assembler.partialConvolution(
        current,
        parameters(
          layer, name, kind: "partial_convolution", defaultPadding: dialect.padding.rawValue),
        dialect, label: name)
    case .convolution(let layer):
      let name = try layerName(layer.layer, kind: "convolution")
      current.image = try assembler.convolution(
        current.image, parameters(layer, name, kind: "convolution"), label: name)
    case .batchNorm(let layer, let epsilon, let isOptional):
      try batchNorm(layer, epsilon: epsilon, isOptional: isOptional)
    case .activation(let name, let slope):
      current.image = try assembler.apply(
        activation(scope.expand(name), slope), current.image, label: "")
    case .upsample(let factor):
      let factor = try scope.value(factor)
      guard (1...64).contains(factor) else {
        throw ImportError(.badDescription, "an upsampling by \(factor) is not possible")
      }
      try onBoth { UpsampleNearest(factor: [factor, factor]).asNode($0) }
    case .upsampleTo(let name):
      let target = try features(name).image
      try onBoth { (ResizeNearest(), [$0, target]) }
    case .padTo(let name): try padTo(features(name).image)
    case .concat(let names, let repeatsMasks): try concat(names, repeatsMasks: repeatsMasks)
    case .bounds(let minimum, let maximum):
      current.image = try assembler.bounded(
        current.image,
        Bounds.channels(
          assembler.channelCount(current.image), minimum: scope.expand(minimum),
          maximum: scope.expand(maximum)))
    case .add(let name):
      current.image = try assembler.apply(
        Add(), current.image, features(name).image, label: "")
    case .pool(let mode, let kernel, let stride, let padding):
      try pool(mode, scope.value(kernel), scope.value(stride), scope.value(padding))
    case .flatten: current.image = try assembler.apply(Flatten(), current.image, label: "")
    case .dense(let layer): try dense(layer)
    case .save(let name): saved[try scope.expand(name)] = current
    case .use(let name): current = try features(name)
    case .pair(let image, let mask):
      current = Features(image: try part(image), mask: try part(mask))
    case .set(let name, let value): scope.numbers[name] = try scope.value(value)
    case .loop(let variable, let from, let to, let isDown, let steps):
      try loop(variable, scope.value(from), scope.value(to), isDown: isDown, steps)
    case .when(let condition, let steps):
      if try scope.holds(condition, hasKey: { store.shape($0) != nil }) { try run(steps) }
    }
  }

  private mutating func loop(
    _ variable: String, _ from: Int, _ to: Int, isDown: Bool, _ steps: [NetworkStep]
  ) throws(ImportError) {
    let length = to.subtractingReportingOverflow(from)
    guard !length.overflow, length.partialValue.magnitude < 10_000 else {
      throw ImportError(.badDescription, "the loop over '\(variable)' runs from \(from) to \(to)")
    }
    let outer = scope.numbers[variable]
    for value in stride(from: from, through: to, by: isDown ? -1 : 1) {
      scope.numbers[variable] = value
      try run(steps)
    }
    scope.numbers[variable] = outer
  }

  private func features(_ name: String) throws(ImportError) -> Features {
    if name == "current" { return current }
    let name = try scope.expand(name)
    guard let features = saved[name] else {
      throw ImportError(.badDescription, "nothing was saved as '\(name)'")
    }
    return features
  }

  /// The value that `NAME.image` or `NAME.mask` means.
  private func part(_ name: String) throws(ImportError) -> ValueID {
    let isMask = name.hasSuffix(".mask")
    guard isMask || name.hasSuffix(".image") else {
      throw ImportError(.badDescription, "'\(name)' is neither NAME.image nor NAME.mask")
    }
    let whole = try features(String(name.dropLast(isMask ? 5 : 6)))
    guard let value = isMask ? whole.mask : whole.image else {
      throw ImportError(.badDescription, "'\(name)': no mask was saved there")
    }
    return value
  }

  private mutating func onBoth(
    _ make: (ValueID) -> (any Operation, [ValueID])
  ) throws(ImportError) {
    let (operation, inputs) = make(current.image)
    current.image = try assembler.apply(operation, inputs, label: "")
    if let mask = current.mask {
      let (operation, inputs) = make(mask)
      current.mask = try assembler.apply(operation, inputs, label: "")
    }
  }

  private mutating func padTo(_ target: ValueID) throws(ImportError) {
    let wanted = assembler.type(target).dimensions[2...]
    let given = assembler.type(current.image).dimensions[2...]
    guard wanted != given else { return }
    let cells = zip(wanted, given).map { wanted, given -> Int? in
      if wanted == given { return 0 }
      guard let wanted = wanted.fixedValue, let given = given.fixedValue, wanted > given else {
        return nil
      }
      return wanted - given
    }
    guard let rows = cells[0], let columns = cells[1] else {
      throw ImportError(
        .shapeMismatch, "how far a picture is to be padded depends on the size of the input")
    }
    let border = [rows / 2, columns / 2, rows - rows / 2, columns - columns / 2]
    try onBoth { Pad(mode: .zero, border: border).asNode($0) }
  }

  private mutating func concat(_ names: [String], repeatsMasks: Bool) throws(ImportError) {
    var parts: [Features] = []
    for name in names {
      var part = try features(name)
      if repeatsMasks, let mask = part.mask {
        let count = assembler.channelCount(part.image)
        part.mask = try assembler.apply(ExpandChannels(count: count), mask, label: "")
      }
      parts.append(part)
    }
    current.image = try assembler.apply(Concat(), parts.map(\.image), label: "")
    let masks = parts.compactMap(\.mask)
    current.mask =
      masks.count == parts.count ? try assembler.apply(Concat(), masks, label: "") : nil
  }

  private mutating func pool(
    _ mode: String, _ kernel: Int, _ stride: Int, _ padding: Int
  ) throws(ImportError) {
    guard let mode = Pool.Mode(rawValue: mode), (1...4096).contains(kernel),
      (1...4096).contains(stride), (0..<kernel).contains(padding)
    else { throw ImportError(.badDescription, "a pool of mode '\(mode)' is not possible") }
    let window = Window(
      kernel: [kernel, kernel], stride: [stride, stride],
      padding: [padding, padding, padding, padding])
    current.image = try assembler.apply(
      Pool(mode: mode, window: window), current.image, label: "")
  }

  private func activation(_ name: String, _ slope: Float) throws(ImportError) -> any Operation {
    switch name {
    case "relu": return ReLU()
    case "leaky_relu": return LeakyReLU(slope: slope)
    case "sigmoid": return Sigmoid()
    case "tanh": return Tanh()
    default: throw ImportError(.badDescription, "'\(name)' is not an activation")
    }
  }
}

extension NetworkBuilder {
  private func layerName(_ template: String, kind: String) throws(ImportError) -> String {
    try store.layerName(scope.expand(template), kind: kind)
  }

  private func key(_ kind: String, _ role: String, _ layer: String) throws(ImportError) -> String? {
    guard let template = description.parameters[kind]?[role] else { return nil }
    var inner = scope
    inner.words["layer"] = layer
    return store.key(try inner.expand(template))
  }

  private func named(
    _ kind: String, _ role: String, _ layer: String
  ) throws(ImportError) -> NamedTensor? {
    guard let key = try key(kind, role, layer), let tensor = try store.tensor(key) else {
      return nil
    }
    return (key, tensor)
  }

  private func required(
    _ kind: String, _ role: String, _ layer: String, shape: [Int]?
  ) throws(ImportError) -> NamedTensor {
    guard let key = try key(kind, role, layer) else {
      throw ImportError(.badDescription, "'parameters' gives \(kind) no name for its \(role)")
    }
    if let shape { return (key, try store.tensor(key, shape: shape)) }
    guard let tensor = try store.tensor(key) else {
      throw ImportError(.missingTensor, "layer '\(layer)': the checkpoint has no tensor '\(key)'")
    }
    return (key, tensor)
  }

  private func parameters(
    _ layer: NetworkStep.ConvolutionStep, _ name: String, kind: String,
    defaultPadding: String = "same"
  ) throws(ImportError) -> ConvolutionParameters {
    let weight = try required(kind, "weight", name, shape: nil)
    let shape = weight.tensor.shape
    guard shape.count == 4 else {
      throw ImportError(.shapeMismatch, "tensor '\(weight.name)' \(shape) is no kernel")
    }
    let bias = try named(kind, "bias", name)
    if let bias, bias.tensor.shape != [shape[0]] {
      throw ImportError(
        .shapeMismatch, "tensor '\(bias.name)' has shape \(bias.tensor.shape), not [\(shape[0])]")
    }
    let dilation = try scope.value(layer.dilation)
    let stride = try scope.value(layer.stride)
    guard (1...4096).contains(dilation), (1...4096).contains(stride) else {
      throw ImportError(
        .badDescription,
        "layer '\(name)': a stride of \(stride) and a dilation of \(dilation) are not possible")
    }
    let border = try border(
      scope.expand(layer.padding ?? defaultPadding), kernel: Array(shape[2...]),
      stride: [stride, stride], dilation: [dilation, dilation], label: name)
    return ConvolutionParameters(
      weight: weight, bias: bias, maskKernel: try named(kind, "mask_kernel", name),
      stride: [stride, stride], dilation: [dilation, dilation], border: border)
  }

  private func border(
    _ padding: String, kernel: [Int], stride: [Int], dilation: [Int], label: String
  ) throws(ImportError) -> Border {
    switch padding {
    case "same", "zero": .zeros(Border.symmetric(kernel: kernel, dilation: dilation))
    case "global": .global(Border.symmetric(kernel: kernel, dilation: dilation))
    case "tensorflow_same":
      .zeros(
        try Border.tensorFlowSame(
          kernel: kernel, stride: stride, dilation: dilation,
          input: assembler.type(current.image), label: label))
    case "none": .zeros([0, 0, 0, 0])
    case let other: throw ImportError(.badDescription, "'\(other)' is not a padding")
    }
  }

  private mutating func batchNorm(
    _ layer: String, epsilon: Float, isOptional: Bool
  ) throws(ImportError) {
    let label = try scope.expand(layer)
    if isOptional, let key = try key("batch_norm", "mean", label), store.shape(key) == nil {
      return
    }
    let name = try store.layerName(label, kind: "batch_norm")
    let shape = [assembler.channelCount(current.image)]
    let parameters = BatchNormParameters(
      gamma: try named("batch_norm", "gamma", name), beta: try named("batch_norm", "beta", name),
      mean: try required("batch_norm", "mean", name, shape: shape),
      variance: try required("batch_norm", "variance", name, shape: shape), epsilon: epsilon,
      statistics: followsChoice(label) ? statistics : .moving)
    current.image = try assembler.batchNormalization(current.image, parameters, label: name)
  }

  /// Whether the choice between moving and batch statistics concerns this layer.
  private func followsChoice(_ label: String) -> Bool {
    (description.batchStatistics ?? ["*"]).contains { label.matches($0) }
  }

  private mutating func dense(_ layer: String) throws(ImportError) {
    let name = try layerName(layer, kind: "dense")
    let weight = try required("dense", "weight", name, shape: nil)
    let count = weight.tensor.shape.first ?? 0
    let bias = try required("dense", "bias", name, shape: [count])
    current.image = try assembler.apply(
      Dense(), current.image, assembler.constant(weight.name, weight.tensor),
      assembler.constant(bias.name, bias.tensor), label: name)
  }
}

extension Operation {
  fileprivate func asNode(_ input: ValueID) -> (any Operation, [ValueID]) { (self, [input]) }
}
