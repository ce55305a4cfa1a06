import KernelLibrary

/// Repeats planes that a whole batch shares once for every image, which is how kernels read them.
struct PlaneRepetition: Sendable {
  /// An input to repeat and where its copies lie in the node's scratch memory.
  private struct Copy {
    let input: Int
    let offset: Int
    let planeByteCount: Int
  }

  private let images: Int
  private var copies: [Copy] = []
  private(set) var byteCount = 0

  /// - Parameter planes: the inputs of a node that are planes.
  init(_ context: LoweringContext, planes: [Int], images: Int, scratchOffset: Int) {
    self.images = images
    for input in planes where context.inputs[input].images != images {
      let size = context.inputs[input].byteCount
      copies.append(
        Copy(input: input, offset: scratchOffset + byteCount, planeByteCount: size))
      byteCount += size * images
    }
  }

  /// The node's inputs with the repeated planes in place of the shared ones.
  func inputs(_ memory: NodeMemory) -> [MemoryRegion] {
    var inputs = memory.inputs
    for copy in copies {
      inputs[copy.input] = memory.scratch.slice(
        at: copy.offset, byteCount: copy.planeByteCount * images)
    }
    return inputs
  }

  func steps(_ context: LoweringContext, _ memory: NodeMemory) -> [Step] {
    let repeated = inputs(memory)
    return copies.map { copy in
      Step(label: context.label + " plane", pieceCount: images) { image, _ in
        repeated[copy.input]
          .slice(at: image * copy.planeByteCount, byteCount: copy.planeByteCount)
          .copy(from: memory.inputs[copy.input].slice(at: 0, byteCount: copy.planeByteCount))
      }
    }
  }
}
