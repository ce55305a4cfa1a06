public import GraphIR
import TensorCore

/// The narrowing of one layer, prepared on a copy of the graph and then made at once.
struct LayerNarrowing {
  /// Why a step was not made.
  private(set) var reason: String?
  private let layer: NarrowLayers.Layer
  private let plan: NarrowingPlan
  private let names: PictureNames
  private var context: PassContext
  private var operation = PartialConvolution(parts: [], convolution: Convolution())
  private var arguments = PartialConvolution.Arguments<ValueID>(
    pictures: [], masks: [], weights: ValueID(0))

  init(_ layer: NarrowLayers.Layer, _ context: PassContext, _ plan: NarrowingPlan) {
    self.layer = layer
    self.context = context
    self.plan = plan
    names = PictureNames(context.graph)
    if let index = position, let found = context.graph.nodes[index].operation as? PartialConvolution
    {
      operation = found
      arguments = found.arguments(context.graph.nodes[index].inputs)
    }
  }

  private var position: Int? {
    context.graph.nodes.firstIndex { $0.results == [layer.result] }
  }

  /// Puts narrow weights in the place of `f32` ones; false when they are narrow already.
  mutating func narrowWeights(to precision: Precision) -> Bool {
    guard let constant = context.graph.constants.first(where: { $0.value == arguments.weights }),
      constant.tensor.elementType == .float32
    else { return false }
    guard precision == .int8 else {
      arguments.weights = shared(constant.name, constant.tensor.convertedToBFloat16())
      return true
    }
    let narrow = ScaledWeights(constant.tensor, plan.weightScaling)
    arguments.weights = shared(constant.name, narrow.weights)
    let factors = vector(arguments.scale).map { zip($0, narrow.scales).map { $0 * $1 } }
    arguments.scale = context.addConstant(
      "\(layer.name).weight_scale",
      Tensor(factors ?? narrow.scales, shape: [narrow.scales.count]))
    operation.hasScale = true
    return true
  }

  /// Lets every picture that the layer reads be narrow; false when one cannot.
  mutating func narrowPictures(to precision: Precision) throws(GraphError) -> Bool {
    for index in operation.parts.indices {
      let picture = arguments.pictures[index]
      guard context.graph.type(of: picture)?.elementType == .float32 else { return false }
      var storage = PictureStorage.bfloat16
      if precision == .int8 {
        let name = names[picture] ?? "\(picture)"
        guard let quantization = plan.quantizations[name] else {
          reason = "the range of its picture '\(name)' is not known"
          return false
        }
        operation.parts[index].quantization = quantization
        storage = .quantized(quantization)
      }
      arguments.pictures[index] = try narrowed(picture, storage)
    }
    return true
  }

  /// Adds the plan's correction to the bias that the mask governs, else to the one that holds
  /// everywhere.
  mutating func correctBias() {
    guard let correction = plan.corrections[layer.name],
      correction.count == context.graph.type(of: layer.result)?.dimensions[1].fixedValue
    else { return }
    let place = operation.correctedBias
    let old = place.flatMap { vector(arguments.biases[$0].vector) }
    let sum = old.map { zip($0, correction).map { $0 + $1 } } ?? correction
    let corrected = context.addConstant(
      "\(layer.name).corrected_bias", Tensor(sum, shape: [sum.count]))
    if let place {
      arguments.biases[place].vector = corrected
    } else {
      arguments.biases.append((corrected, nil))
      operation.biasPlanes.append(false)
    }
  }

  /// Makes the change, as one rewrite of `target`.
  mutating func commit(_ target: inout PassContext, _ what: String) {
    guard let index = position else { return }
    context.rewrite(
      at: index, operation, PartialConvolution.inputs(arguments),
      label: context.graph.nodes[index].label, what)
    target = context
  }

  /// The narrow copy of a picture, made once for all layers.
  private mutating func narrowed(
    _ picture: ValueID, _ storage: PictureStorage
  ) throws(GraphError) -> ValueID {
    let found = context.graph.nodes.first {
      $0.inputs == [picture] && ($0.operation as? Narrow)?.storage == storage
    }
    if let found { return found.results[0] }
    let maker = context.graph.nodes.firstIndex { $0.results.contains(picture) }
    return try context.insert(
      Narrow(to: storage), [picture], label: maker.map { context.graph.nodes[$0].label } ?? "",
      before: maker.map { $0 + 1 } ?? 0)
  }

  /// A constant of these bits, which layers that share weights share.
  private mutating func shared(_ name: String, _ tensor: Tensor) -> ValueID {
    let suffixed = "\(name).\(tensor.elementType.rawValue)"
    let found = context.graph.constants.first { $0.name == suffixed && $0.tensor == tensor }
    return found?.value ?? context.addConstant(suffixed, tensor)
  }

  private func vector(_ value: ValueID?) -> [Float]? {
    value.flatMap { context.graph.constantTensor($0)?.floatArray }
  }
}

extension PartialConvolution {
  /// The bias that takes a correction of the sums: the first with a plane, else the first.
  public var correctedBias: Int? { biasPlanes.firstIndex(of: true) ?? biasPlanes.indices.first }
}
