import GraphIR
import KernelLibrary
import TensorCore

extension BatchNormalization: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    let channels = context.outputs[0].channels
    let moments = Moments(layout: context.outputs[0])
    let scaleSize = channels * 4
    return Lowering(
      storage: .inPlace([0]),
      scratchByteCount: scaleSize + (statistics == .batch ? moments.byteCount : 0)
    ) { memory in
      let scale = memory.scratch.slice(at: 0, byteCount: scaleSize)
      var steps: [Step] = []
      let (mean, variance): (MemoryRegion, MemoryRegion)
      if statistics == .batch {
        let space = memory.scratch.slice(at: scaleSize, byteCount: moments.byteCount)
        steps = moments.steps(context, memory.inputs[0], space)
        (mean, variance) = (moments.mean(in: space), moments.variance(in: space))
      } else {
        (mean, variance) = (memory.inputs[3], memory.inputs[4])
      }
      steps.append(
        Step(label: context.label + " scale", pieceCount: 1) { _, _ in
          NormalizationKernel.scale(
            gamma: memory.inputs[1], variance: variance, epsilon: epsilon, channels: channels,
            into: scale)
        })
      steps.append(application(context, memory, mean: mean, scale: scale))
      return steps
    }
  }

  private func application(
    _ context: LoweringContext, _ memory: NodeMemory, mean: MemoryRegion, scale: MemoryRegion
  ) -> Step {
    let layout = context.outputs[0]
    let pieces = context.pieces(layout.pixelCount, elementsEach: layout.channels)
    return Step(label: context.label, pieceCount: pieces.count) { piece, _ in
      let start = pieces[piece].lowerBound * layout.channels
      let count = pieces[piece].count * layout.channels
      NormalizationKernel.apply(
        memory.inputs[0].floats(at: start, count: count), mean: mean, scale: scale,
        shift: memory.inputs[2], channels: layout.channels,
        into: memory.outputs[0].floats(at: start, count: count))
    }
  }
}

/// Mean and biased variance of each channel over all pixels, in f64.
///
/// The pixels are cut into a fixed number of slices whose sums are added in order, so the bits do
/// not depend on the number of threads.
private struct Moments {
  let layout: ValueLayout
  private let slices: PieceRanges

  init(layout: ValueLayout) {
    self.layout = layout
    slices = PieceRanges(layout.pixelCount, wanted: 64)
  }

  private var channels: Int { layout.channels }
  private var vectorSize: Int { channels * 8 }

  /// Slice sums, then the mean and the variance in f64, then both in f32.
  var byteCount: Int { (slices.count + 2) * vectorSize + 2 * channels * 4 }

  func mean(in space: MemoryRegion) -> MemoryRegion {
    space.slice(at: (slices.count + 2) * vectorSize, byteCount: channels * 4)
  }

  func variance(in space: MemoryRegion) -> MemoryRegion {
    space.slice(at: (slices.count + 2) * vectorSize + channels * 4, byteCount: channels * 4)
  }

  func steps(_ context: LoweringContext, _ x: MemoryRegion, _ space: MemoryRegion) -> [Step] {
    let sums = space.slice(at: 0, byteCount: slices.count * vectorSize)
    let exactMean = space.slice(at: slices.count * vectorSize, byteCount: vectorSize)
    let exactVariance = space.slice(at: (slices.count + 1) * vectorSize, byteCount: vectorSize)
    return [
      sliceStep(context, x, sums, mean: nil),
      meanStep(context, sums, exactMean, rounded: mean(in: space)),
      sliceStep(context, x, sums, mean: exactMean),
      meanStep(context, sums, exactVariance, rounded: variance(in: space)),
    ]
  }

  private func sliceStep(
    _ context: LoweringContext, _ x: MemoryRegion, _ sums: MemoryRegion, mean: MemoryRegion?
  ) -> Step {
    let (slices, channels, vectorSize) = (slices, channels, vectorSize)
    return Step(label: context.label + " statistics", pieceCount: slices.count) { piece, _ in
      let pixels = x.floats(
        at: slices[piece].lowerBound * channels, count: slices[piece].count * channels)
      let result = sums.slice(at: piece * vectorSize, byteCount: vectorSize)
      if let mean {
        NormalizationKernel.squares(pixels, channels: channels, mean: mean, into: result)
      } else {
        NormalizationKernel.sums(pixels, channels: channels, into: result)
      }
    }
  }

  private func meanStep(
    _ context: LoweringContext, _ sums: MemoryRegion, _ mean: MemoryRegion, rounded: MemoryRegion
  ) -> Step {
    let (count, channels) = (slices.count, channels)
    let pixels = Double(layout.pixelCount)
    return Step(label: context.label + " statistics", pieceCount: 1) { _, _ in
      NormalizationKernel.mean(
        of: sums, count: count, channels: channels, divisor: pixels, into: mean)
      NormalizationKernel.round(mean, channels: channels, into: rounded)
    }
  }
}
