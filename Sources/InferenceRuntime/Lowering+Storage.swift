import GraphIR
import KernelLibrary
import TensorCore

extension Narrow: Lowerable {
  func lower(_ context: LoweringContext) -> Lowering? {
    Lowering { memory in
      [
        context.narrowing(
          memory.inputs[0], to: ResultStorage(storage), into: memory.outputs[0],
          label: context.label)
      ]
    }
  }
}

extension LoweringContext {
  /// A step that stores the node's `f32` result in memory of fewer bits.
  func narrowing(
    _ source: MemoryRegion, to storage: ResultStorage, into region: MemoryRegion, label: String
  ) -> Step {
    let pieces = pieces(outputs[0].elementCount)
    return Step(label: label, pieceCount: pieces.count) { piece, _ in
      let (first, count) = (pieces[piece].lowerBound, pieces[piece].count)
      StorageKernel.narrow(
        source.floats(at: first, count: count), to: storage, count: count,
        into: region.slice(at: first * storage.byteCount, byteCount: count * storage.byteCount))
    }
  }
}

/// Widens pictures that a kernel of `f32` numbers reads, each into scratch memory of its own.
struct PictureWidening: Sendable {
  private struct Copy {
    let input: Int
    let layout: ValueLayout
    let scale: ByteScale?
    let offset: Int
  }

  private var copies: [Copy] = []
  /// Where scratch memory is free again.
  private(set) var end: Int

  /// - Parameters:
  ///   - pictures: the inputs of a node that are pictures, and what their numbers mean if `u8`.
  ///   - scratchOffset: where the copies begin.
  init(
    _ context: LoweringContext, pictures: [(input: Int, scale: ByteScale?)], scratchOffset: Int
  ) {
    end = scratchOffset
    for (input, scale) in pictures where context.inputs[input].elementType != .float32 {
      let layout = context.inputs[input]
      copies.append(Copy(input: input, layout: layout, scale: scale, offset: end))
      end += AlignedStorage.aligned(layout.elementCount * 4)
    }
  }

  /// `inputs` with the widened pictures in place of the narrow ones.
  func inputs(_ inputs: [MemoryRegion], scratch: MemoryRegion) -> [MemoryRegion] {
    var inputs = inputs
    for copy in copies {
      inputs[copy.input] = scratch.floats(at: copy.offset / 4, count: copy.layout.elementCount)
    }
    return inputs
  }

  func steps(_ context: LoweringContext, _ memory: NodeMemory) -> [Step] {
    let widened = inputs(memory.inputs, scratch: memory.scratch)
    return copies.map { copy in
      let size = copy.layout.elementType.byteCount
      let pieces = context.pieces(copy.layout.elementCount)
      return Step(label: context.label + " widening", pieceCount: pieces.count) { piece, _ in
        let (first, count) = (pieces[piece].lowerBound, pieces[piece].count)
        StorageKernel.widen(
          memory.inputs[copy.input].slice(at: first * size, byteCount: count * size),
          scale: copy.scale, count: count,
          into: widened[copy.input].floats(at: first, count: count))
      }
    }
  }
}
