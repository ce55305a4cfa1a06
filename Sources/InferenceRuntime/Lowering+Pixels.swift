import GraphIR
import KernelLibrary
import TensorCore

extension Concat: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let output = context.outputs[0]
    return Lowering { memory in
      var offset = 0
      return zip(context.inputs, memory.inputs).map { input, region in
        let step = PictureGather(
          source: input, rows: identity(input.height), columns: identity(input.width)
        ).step(
          context, label: context.label, from: region, into: memory.outputs[0],
          stride: output.channels, offset: offset)
        offset += input.channels
        return step
      }
    }
  }
}

extension SliceChannels: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let input = context.inputs[0]
    return gatherLowering(
      context,
      PictureGather(
        source: input, channels: start..<end, rows: identity(input.height),
        columns: identity(input.width)))
  }
}

extension Pad: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let input = context.inputs[0]
    let map = { (axis: Int, length: Int) -> [Int32] in
      (-border[axis]..<length + border[axis + 2]).map { position in
        if mode == .circular { return Int32((position + length) % length) }
        return position < 0 || position >= length ? -1 : Int32(position)
      }
    }
    return gatherLowering(
      context,
      PictureGather(source: input, rows: map(0, input.height), columns: map(1, input.width)))
  }
}

extension UpsampleNearest: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let (input, output) = (context.inputs[0], context.outputs[0])
    return gatherLowering(
      context,
      PictureGather(
        source: input, rows: (0..<output.height).map { Int32($0 / factor[0]) },
        columns: (0..<output.width).map { Int32($0 / factor[1]) }))
  }
}

extension ResizeNearest: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let map = { (from: Int, to: Int) in
      (0..<to).map { Int32(Self.sourceIndex($0, from: from, to: to)) }
    }
    return gatherLowering(
      context,
      PictureGather(
        source: input, rows: map(input.height, output.height),
        columns: map(input.width, output.width)))
  }
}

private func gatherLowering(_ context: LoweringContext, _ gather: PictureGather) -> Lowering {
  Lowering { memory in
    [
      gather.step(
        context, label: context.label, from: memory.inputs[0], into: memory.outputs[0],
        stride: context.outputs[0].channels)
    ]
  }
}

private func identity(_ length: Int) -> [Int32] { (0..<length).map(Int32.init) }

extension ExpandChannels: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let pixels = context.inputs[0].pixelCount
    let pieces = context.pieces(pixels, elementsEach: count)
    return Lowering { memory in
      [
        Step(label: context.label, pieceCount: pieces.count) { piece, _ in
          let range = pieces[piece]
          LayoutKernel.expand(
            memory.inputs[0].floats(at: range.lowerBound, count: range.count), channels: count,
            into: memory.outputs[0].floats(
              at: range.lowerBound * count, count: range.count * count))
        }
      ]
    }
  }
}

extension Fill: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    Lowering(storage: .constant) { _ in [] }
  }
}

extension OnesPlane: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    Lowering { memory in
      [Step(label: context.label, pieceCount: 1) { _, _ in memory.outputs[0].fill(1) }]
    }
  }
}

extension ChangeLayout: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { .alias(of: 0) }
}

extension Flatten: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let input = context.inputs[0]
    if input.channels == 1 || input.height * input.width == 1 { return .alias(of: 0) }
    let area = input.height * input.width
    let count = area * input.channels
    let kernel = LayoutKernel(channels: input.channels, area: area, elementSize: 4)
    return Lowering { memory in
      [
        Step(label: context.label, pieceCount: input.images) { image, _ in
          kernel.separate(
            memory.inputs[0].floats(at: image * count, count: count),
            into: memory.outputs[0].floats(at: image * count, count: count), 0..<area)
        }
      ]
    }
  }
}

extension GlobalAverage: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let input = context.inputs[0]
    let (area, channels) = (input.height * input.width, input.channels)
    return Lowering(scratchByteCount: input.images * channels * 8) { memory in
      [
        Step(label: context.label, pieceCount: input.images) { image, _ in
          let sums = memory.scratch.slice(at: image * channels * 8, byteCount: channels * 8)
          NormalizationKernel.sums(
            memory.inputs[0].floats(at: image * area * channels, count: area * channels),
            channels: channels, into: sums)
          NormalizationKernel.mean(
            of: sums, count: 1, channels: channels, divisor: Double(area), into: sums)
          NormalizationKernel.round(
            sums, channels: channels,
            into: memory.outputs[0].floats(at: image * channels, count: channels))
        }
      ]
    }
  }
}

extension Pool: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let (input, output) = (context.inputs[0], context.outputs[0])
    let kernel = PoolKernel(
      isMaximum: mode == .maximum, countsBorder: countsBorder, channels: input.channels,
      images: input.images, input: [input.height, input.width],
      output: [output.height, output.width], kernel: window.kernel, stride: window.stride,
      padding: Array(window.padding[..<2]))
    let pieces = context.pieces(
      output.images * output.height,
      elementsEach: output.width * output.channels * window.kernel[0] * window.kernel[1])
    return Lowering { memory in
      [
        Step(label: context.label, pieceCount: pieces.count) { piece, _ in
          kernel.run(memory.inputs[0], into: memory.outputs[0], rows: pieces[piece])
        }
      ]
    }
  }
}
