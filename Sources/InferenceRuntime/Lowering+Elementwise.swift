import GraphIR
import KernelLibrary
import TensorCore

extension ReLU: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { unaryLowering(context, .relu) }
}

extension LeakyReLU: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    unaryLowering(context, .leakyReLU(slope: slope))
  }
}

extension Sigmoid: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    unaryLowering(context, .sigmoid(context.model.kernels.curves))
  }
}

extension Tanh: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    unaryLowering(context, .tanh(context.model.kernels.curves))
  }
}

extension Exponential: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    unaryLowering(context, .exponential(context.model.kernels.curves))
  }
}

extension Clip: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    unaryLowering(context, .clip(minimum: minimum, maximum: maximum))
  }
}

extension Add: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .add) }
}

extension Subtract: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .subtract) }
}

extension Multiply: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .multiply) }
}

extension Divide: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .divide) }
}

extension Equal: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .equal) }
}

extension Select: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? { broadcastLowering(context, .select) }
}

private func unaryLowering(_ context: LoweringContext, _ kernel: UnaryKernel) -> Lowering {
  elementwiseLowering(context) { memory, _ in
    .elements { elements in
      kernel.run(
        memory.inputs[0].floats(at: elements.lowerBound, count: elements.count),
        into: memory.outputs[0].floats(at: elements.lowerBound, count: elements.count))
    }
  }
}

private func broadcastLowering(_ context: LoweringContext, _ kernel: BroadcastKernel) -> Lowering {
  elementwiseLowering(context) { memory, loop in
    .rows { rows in kernel.run(loop, rows: rows, inputs: memory.inputs, into: memory.outputs[0]) }
  }
}

/// What an element-wise step does for a part of the result.
private enum ElementWork {
  case elements(@Sendable (Range<Int>) -> Void)
  /// For rows of the loop.
  case rows(@Sendable (Range<Int>) -> Void)
}

/// One step whose pieces are rows of a loop over the result.
private func elementwiseLowering(
  _ context: LoweringContext,
  work: @escaping @Sendable (_ memory: NodeMemory, BroadcastLoop) -> ElementWork
) -> Lowering {
  let output = context.outputs[0]
  let axes = output.memoryAxes
  let loop = BroadcastLoop(
    shape: axes.map { output.shape[$0] },
    strides: context.inputs.map { input in
      let strides = input.strides
      return axes.map { strides[$0] }
    })
  let pieces = PieceRanges(
    loop.rowCount, wanted: max(output.elementCount / ElementWalk.pieceLength, 1))
  return Lowering(storage: .inPlace(Array(context.inputs.indices))) { memory in
    let work = work(memory, loop)
    var step = Step(label: context.label, pieceCount: pieces.count) { piece, _ in
      let rows = pieces[piece]
      switch work {
      case .elements(let run):
        run(rows.lowerBound * loop.innerCount..<rows.upperBound * loop.innerCount)
      case .rows(let run): run(rows)
      }
    }
    let reads = zip(memory.inputs, context.inputs).map { region, input in
      ElementWalk.Touch(
        region: region,
        elementSize: input.strides == output.strides ? input.elementType.byteCount : nil,
        isWritten: false)
    }
    let write = ElementWalk.Touch(
      region: memory.outputs[0], elementSize: output.elementType.byteCount, isWritten: true)
    var runElements: (@Sendable (Range<Int>) -> Void)?
    if case .elements(let run) = work { runElements = run }
    step.walk = ElementWalk(
      pieces: pieces, rowLength: loop.innerCount, touches: reads + [write],
      runElements: runElements)
    return [step]
  }
}
