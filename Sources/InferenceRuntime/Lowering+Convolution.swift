import GraphIR
import KernelLibrary
import TensorCore

extension Convolution: Lowerable {
  func lower(_ context: LoweringContext) throws(RuntimeError) -> Lowering? {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let window = window(kernelShape: context.inputs[1].shape)
    if groups == 1,
      let kernel = try fewChannels(
        context, window, parts: [.init(layout: input, channels: 0..<input.channels)],
        weights: context.inputs[1].shape, .float32)
    {
      return Lowering(scratchByteCount: kernel.scratchByteCount, packedInput: 1) { memory in
        kernel.steps(
          context, sources: [.init(pixels: memory.inputs[0])], epilogue: Epilogue(),
          output: memory.outputs[0], pixels: nil, scratch: memory.scratch)
      }
    }
    guard let weights = try context.model.weights(of: context.node) else { return nil }
    let width = input.channels / groups
    let kernels = weights.enumerated().map { group, weights in
      ConvolutionLowering(
        window: window,
        parts: [.init(layout: input, channels: group * width..<(group + 1) * width)],
        output: output, weights: weights, outputOffset: group * output.channels / groups)
    }
    return Lowering(
      scratchByteCount: kernels.map(\.scratchByteCount).max() ?? 0, packedInput: 1
    ) { memory in
      let parts = [ConvolutionLowering.Source(pixels: memory.inputs[0])]
      return kernels.flatMap {
        $0.steps(
          context, sources: parts, epilogue: Epilogue(), output: memory.outputs[0],
          scratch: memory.scratch)
      }
    }
  }
}

extension PartialConvolution: Lowerable {
  func lower(_ context: LoweringContext) throws(RuntimeError) -> Lowering? {
    let places = arguments(Array(0..<inputCount))
    let output = context.outputs[0]
    guard convolution.groups == 1, biasPlanes.count <= Epilogue.maximumBiasCount,
      let kernel = try pictureConvolution(context)
    else { return nil }
    let planes = places.masks + [places.ratio] + places.biases.map(\.plane)
    let repetition = PlaneRepetition(
      context, planes: planes.compactMap(\.self), images: output.images,
      scratchOffset: kernel.scratchByteCount)
    let widening = PictureWidening(
      context, pictures: kernel.arithmetic == .float32 ? scales(places.pictures) : [],
      scratchOffset: AlignedStorage.aligned(kernel.scratchByteCount + repetition.byteCount))
    let wideOffset = widening.end
    let wideByteCount = isNarrowedAfterwards ? output.elementCount * 4 : 0
    return Lowering(
      scratchByteCount: wideOffset + wideByteCount, unit: kernel.unit,
      packedInput: places.weights
    ) { memory in
      let inputs = widening.inputs(repetition.inputs(memory), scratch: memory.scratch)
      let sources = places.pictures.indices.map { index in
        ConvolutionLowering.Source(
          pixels: inputs[places.pictures[index]], mask: places.masks[index].map { inputs[$0] })
      }
      let wide =
        isNarrowedAfterwards
        ? memory.scratch.slice(at: wideOffset, byteCount: wideByteCount) : memory.outputs[0]
      let steps =
        repetition.steps(context, memory) + widening.steps(context, memory)
        + kernel.steps(
          context, sources: sources, epilogue: epilogue(places, inputs), output: wide,
          pixels: memory.pixels, scratch: memory.scratch)
      return isNarrowedAfterwards
        ? steps + [
          context.narrowing(
            wide, to: ResultStorage(storage), into: memory.outputs[0],
            label: context.label + " narrowing")
        ] : steps
    }
  }

  /// Sigmoid and tanh are applied to `f32` results in memory.
  private var isNarrowedAfterwards: Bool {
    storage != .float32 && (activation == .sigmoid || activation == .tanh)
  }

  private func epilogue(_ places: Arguments<Int>, _ inputs: [MemoryRegion]) -> Epilogue {
    Epilogue(
      scale: places.scale.map { inputs[$0] }, ratio: places.ratio.map { inputs[$0] },
      biases: places.biases.map { bias in
        Epilogue.Bias(vector: inputs[bias.vector], plane: bias.plane.map { inputs[$0] })
      }, function: Epilogue.Function(activation),
      storage: isNarrowedAfterwards ? .float32 : ResultStorage(storage))
  }

  /// The inputs that are pictures, and what the numbers of the `u8` ones mean.
  private func scales(_ pictures: [Int]) -> [(input: Int, scale: ByteScale?)] {
    zip(pictures, parts).map { ($0, $1.quantization.map(ByteScale.init)) }
  }

  /// The sums by the cheapest algorithm; nil without constant weights.
  private func pictureConvolution(
    _ context: LoweringContext
  ) throws(RuntimeError) -> (any PictureConvolution)? {
    let places = arguments(Array(0..<inputCount))
    let shape = context.inputs[places.weights].shape
    guard let use = WeightUse(context.node, in: context.model.model.graph) else { return nil }
    let parts = zip(self.parts, scales(places.pictures)).map { part, picture in
      let layout = context.inputs[picture.input]
      return ConvolutionLowering.Part(
        layout: layout, channels: 0..<layout.channels, upsampling: part.upsampling,
        scale: use.arithmetic == .integer8 ? picture.scale : nil)
    }
    let channels = parts.map(\.layout.channels)
    let output = context.outputs[0]
    let algorithm = ConvolutionAlgorithm.cheapest(
      for: self, weights: shape, channels: channels, output: output.shape,
      arithmetic: use.arithmetic, tier: transformTier(context),
      preferring: context.model.preferredTransform)
    if case .transform(let transform) = algorithm,
      let made = try context.model.weights(of: context.node, transform)
    {
      return TransformLowering(
        parts: parts, output: output, weights: made, threadCount: context.threadCount)
    }
    let window = convolution.window(kernelShape: shape)
    if algorithm == .split,
      let split = try context.model.splitWeights(of: context.node, self, channels: channels)
    {
      return SplitConvolutionLowering(
        split, window: window, parts: parts, isLow: self.parts.map(UpsamplingSplit.isSplit),
        output: output, kernels: context.model.kernels)
    }
    if let kernel = try fewChannels(
      context, window, parts: parts, weights: shape, use.arithmetic)
    {
      return kernel
    }
    return try context.model.weights(of: context.node)?.first.map {
      ConvolutionLowering(window: window, parts: parts, output: output, weights: $0)
    }
  }

  /// The tier that chooses the algorithm: transforms are of many output channels only.
  private func transformTier(_ context: LoweringContext) -> NumericTier {
    context.outputs[0].channels > context.model.kernels.dotProduct.columns
      ? context.model.tier : .exact
  }
}

/// The sums of few input channels; nil where there are more.
private func fewChannels(
  _ context: LoweringContext, _ window: Window, parts: [ConvolutionLowering.Part],
  weights shape: [Int], _ arithmetic: Arithmetic
) throws(RuntimeError) -> (any PictureConvolution)? {
  let output = context.outputs[0]
  if RowLowering.applies(window, weights: shape, output: output, arithmetic) {
    return try context.model.rowWeights(of: context.node).map { weights in
      RowLowering(
        window: window, parts: parts, output: output, weights: weights, arithmetic: arithmetic,
        kernel: context.model.kernels.rows)
    }
  }
  guard ConvolutionLowering.joinsWindows(window, parts: parts, arithmetic) else { return nil }
  return try context.model.windowWeights(of: context.node).map { weights in
    var lowering = ConvolutionLowering(
      window: window, parts: parts, output: output, weights: weights)
    lowering.joinsWindow = true
    return lowering
  }
}

extension Dense: Lowerable {
  func lower(_ context: LoweringContext) throws(RuntimeError) -> Lowering? {
    let (input, output) = (context.inputs[0].asPixels, context.outputs[0].asPixels)
    guard let weights = try context.model.weights(of: context.node)?.first else { return nil }
    let kernel = ConvolutionLowering(
      window: Window(kernel: [1, 1]),
      parts: [.init(layout: input, channels: 0..<input.channels)], output: output,
      weights: weights)
    return Lowering(packedInput: 1) { memory in
      kernel.steps(
        context, sources: [.init(pixels: memory.inputs[0])],
        epilogue: Epilogue(biases: [.init(vector: memory.inputs[2], plane: nil)]),
        output: memory.outputs[0], scratch: memory.scratch)
    }
  }
}

extension Epilogue.Function {
  init(_ activation: Activation) {
    switch activation {
    case .none: self = .none
    case .relu: self = .relu
    case .sigmoid: self = .sigmoid
    case .tanh: self = .tanh
    case .leakyReLU(let slope): self = .leakyReLU(slope: slope)
    }
  }
}

extension ConvolutionShape {
  init(_ window: Window, _ output: ValueLayout) {
    self.init(
      kernel: window.kernel, stride: window.stride, dilation: window.dilation,
      padding: Array(window.padding[..<2]), images: output.images, height: output.height,
      width: output.width)
  }
}

extension ConvolutionPart {
  init(_ layout: ValueLayout, _ pixels: MemoryRegion) {
    self.init(
      pixels: pixels, channels: 0..<layout.channels, pixelStride: layout.channels,
      height: layout.height, width: layout.width)
  }
}

extension ValueLayout {
  /// A matrix `[N, K]` as N images of one pixel.
  fileprivate var asPixels: ValueLayout { ValueLayout(picture: [shape[0], shape[1], 1, 1]) }
}
