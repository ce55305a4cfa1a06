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
  let pieces = context.pieces(context.outputs[0].elementCount)
  return Lowering(storage: .inPlace([0])) { memory in
    [
      Step(label: context.label, pieceCount: pieces.count) { piece, _ in
        let range = pieces[piece]
        kernel.run(
          memory.inputs[0].floats(at: range.lowerBound, count: range.count),
          into: memory.outputs[0].floats(at: range.lowerBound, count: range.count))
      }
    ]
  }
}

private func broadcastLowering(_ context: LoweringContext, _ kernel: BroadcastKernel) -> Lowering {
  let output = context.outputs[0]
  let axes = output.memoryAxes
  let loop = BroadcastLoop(
    shape: axes.map { output.shape[$0] },
    strides: context.inputs.map { input in
      let strides = input.strides
      return axes.map { strides[$0] }
    })
  let pieces = context.pieces(loop.rowCount, elementsEach: loop.innerCount)
  return Lowering(storage: .inPlace(Array(context.inputs.indices))) { memory in
    [
      Step(label: context.label, pieceCount: pieces.count) { piece, _ in
        let rows = pieces[piece]
        kernel.run(loop, rows: rows, inputs: memory.inputs, into: memory.outputs[0])
        guard let activation = context.activation else { return }
        let results = memory.outputs[0].floats(
          at: rows.lowerBound * loop.innerCount, count: rows.count * loop.innerCount)
        activation.run(results, into: results)
      }
    ]
  }
}
