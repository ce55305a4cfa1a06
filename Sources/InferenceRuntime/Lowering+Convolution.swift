import GraphIR
import KernelLibrary
import TensorCore

extension Convolution: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let window = window(kernelShape: context.inputs[1].shape)
    if groups == 1, output.channels == 1, input.channels <= PlaneConvolution.maximumChannelCount,
      let weights = context.model.constant(context.node.inputs[1])
    {
      return planeLowering(context, window, weights)
    }
    var kernels: [ConvolutionLowering] = []
    for group in 0..<groups {
      guard
        let weights = context.model.weights(
          context.node.inputs[1], outputs: output.channels / groups, group: group)
      else { return nil }
      let width = input.channels / groups
      kernels.append(
        ConvolutionLowering(
          window: window,
          parts: [.init(layout: input, channels: group * width..<(group + 1) * width)],
          output: output, weights: weights, outputOffset: group * output.channels / groups))
    }
    return Lowering(scratchByteCount: kernels.map(\.scratchByteCount).max() ?? 0) { memory in
      let parts = [ConvolutionLowering.Source(pixels: memory.inputs[0])]
      return kernels.flatMap {
        $0.steps(
          context, sources: parts, epilogue: Epilogue(), output: memory.outputs[0],
          scratch: memory.scratch)
      }
    }
  }

  private func planeLowering(
    _ context: LoweringContext, _ window: Window, _ weights: Tensor
  ) -> Lowering {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let pieces = context.pieces(
      output.images * output.height,
      elementsEach: output.width * weights.elementCount / 4)
    let (shape, label) = (ConvolutionShape(window, output), context.label)
    return Lowering { memory in
      let kernel = PlaneConvolution(
        shape, part: ConvolutionPart(input, memory.inputs[0]), weights: weights.floatArray,
        output: memory.outputs[0])
      return [
        Step(
          label: label, pieceCount: pieces.count,
          multiplyAdds: output.pixelCount * weights.elementCount
        ) { piece, _ in kernel.run(rows: pieces[piece]) }
      ]
    }
  }
}

extension PartialConvolution: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let places = arguments(Array(0..<inputCount))
    let output = context.outputs[0]
    guard convolution.groups == 1, biasPlanes.count <= Epilogue.maximumBiasCount,
      (context.inputs + context.outputs).allSatisfy({ !$0.isPicture || $0.elementType == .float32 }),
      let kernel = pictureConvolution(context)
    else { return nil }
    let planes = places.masks + [places.ratio] + places.biases.map(\.plane)
    let repetition = PlaneRepetition(
      context, planes: planes.compactMap(\.self), images: output.images,
      scratchOffset: kernel.scratchByteCount)
    return Lowering(scratchByteCount: kernel.scratchByteCount + repetition.byteCount) { memory in
      let inputs = repetition.inputs(memory)
      let sources = parts.indices.map { index in
        ConvolutionLowering.Source(
          pixels: inputs[places.pictures[index]], mask: places.masks[index].map { inputs[$0] })
      }
      let epilogue = Epilogue(
        scale: places.scale.map { inputs[$0] }, ratio: places.ratio.map { inputs[$0] },
        biases: places.biases.map { bias in
          Epilogue.Bias(vector: inputs[bias.vector], plane: bias.plane.map { inputs[$0] })
        }, function: Epilogue.Function(activation))
      return repetition.steps(context, memory)
        + kernel.steps(
          context, sources: sources, epilogue: epilogue, output: memory.outputs[0],
          scratch: memory.scratch)
    }
  }

  /// The sums: split where the model has split weights, else straight; nil without constant weights.
  private func pictureConvolution(_ context: LoweringContext) -> (any PictureConvolution)? {
    let places = arguments(Array(0..<inputCount))
    let split = context.model.upsamplingSplit(of: context.node)
    guard
      let weights = split?.rest
        ?? context.model.weights(
          context.node.inputs[places.weights], outputs: context.outputs[0].channels)
    else { return nil }
    let whole = ConvolutionLowering(
      window: convolution.window(kernelShape: context.inputs[places.weights].shape),
      parts: parts.indices.map { index in
        let layout = context.inputs[places.pictures[index]]
        return .init(
          layout: layout, channels: 0..<layout.channels, upsampling: parts[index].upsampling)
      }, output: context.outputs[0], weights: weights)
    return split.map {
      SplitConvolutionLowering(whole, $0, isLow: parts.map(UpsamplingSplit.isSplit))
    } ?? whole
  }
}

extension Dense: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let (input, output) = (context.inputs[0].asPixels, context.outputs[0].asPixels)
    guard
      let weights = context.model.weights(context.node.inputs[1], outputs: output.channels)
    else { return nil }
    let kernel = ConvolutionLowering(
      window: Window(kernel: [1, 1]),
      parts: [.init(layout: input, channels: 0..<input.channels)], output: output,
      weights: weights)
    return Lowering { memory in
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
