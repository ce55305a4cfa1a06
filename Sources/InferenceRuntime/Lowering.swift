import GraphIR
import KernelLibrary
import TensorCore

/// An operation that has kernels. Others run by their scalar meaning, which is slow and correct.
protocol Lowerable: GraphIR.Operation {
  /// How to run it on values of these layouts; nil when no kernel covers the case.
  ///
  /// - Throws: `RuntimeError.unreadableModel` when the weights cannot be read.
  func lower(_ context: LoweringContext) throws(RuntimeError) -> Lowering?
}

/// What a lowering may look at: everything but memory, which is laid out afterwards.
struct LoweringContext: Sendable {
  let node: Node
  let inputs: [ValueLayout]
  let outputs: [ValueLayout]
  let model: CompiledModel
  /// Threads that a run uses.
  let threadCount: Int

  var label: String {
    node.label.isEmpty
      ? "\(node.operation.mnemonic) \(node.results.first?.description ?? "")"
      : "\(node.label) (\(node.operation.mnemonic))"
  }

  /// Cuts work of `total` elements, which cost about a cycle each, into pieces for all threads.
  func pieces(_ total: Int, elementsEach: Int = 1, unit: Int = 1) -> PieceRanges {
    let worthwhile = max(total * elementsEach / 16_384, 1)
    return PieceRanges(total, wanted: min(worthwhile, threadCount * 8), unit: unit)
  }
}

/// The memory of one node.
struct NodeMemory {
  let inputs: [MemoryRegion]
  let outputs: [MemoryRegion]
  let scratch: MemoryRegion
  /// The pixels of the result to compute, whole units of the lowering; all when nil.
  var pixels: PixelSet?
}

/// How one node runs.
struct Lowering {
  enum Storage {
    /// Results have their own memory.
    case own
    /// The one result is the input at this index under another name; there are no steps.
    case alias(Int)
    /// The result may overwrite one of these inputs when nobody reads it afterwards.
    case inPlace([Int])
    /// The result is a tensor of the compiled model; there are no steps.
    case constant
  }

  var storage = Storage.own
  /// Bytes of memory that the node's steps share.
  var scratchByteCount = 0
  var unit = PixelUnit.everything
  /// The input whose numbers the steps have in kernel order, so that they do not read its memory.
  var packedInput: Int?
  let bind: @Sendable (NodeMemory) -> [Step]

  /// The result is the input at `index` under another name.
  static func alias(of index: Int) -> Lowering { Lowering(storage: .alias(index)) { _ in [] } }
}

extension LoweringContext {
  /// The lowering by kernels, else by `evaluate`.
  ///
  /// - Throws: `RuntimeError.unreadableModel` when the weights cannot be read.
  func lowering() throws(RuntimeError) -> Lowering {
    if let operation = node.operation as? any Lowerable, let lowering = try operation.lower(self) {
      return lowering
    }
    return evaluation()
  }

  /// Runs the scalar meaning on copies in the graph's order of axes.
  private func evaluation() -> Lowering {
    let (operation, inputs, outputs, label) = (node.operation, inputs, outputs, label)
    return Lowering { memory in
      [
        Step(label: label, pieceCount: 1) { _, _ in
          let arguments = zip(inputs, memory.inputs).map { layout, region in
            var kept: AlignedStorage?
            return TensorTransfer.tensor(layout, from: region, reusing: &kept)
          }
          let results = operation.evaluate(arguments)
          for (index, result) in results.enumerated() {
            TensorTransfer.store(result, as: outputs[index], into: memory.outputs[index])
          }
        }
      ]
    }
  }
}
