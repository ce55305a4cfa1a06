import CKernels

/// Functions of each element of a region, in place or into another of the same size.
package enum UnaryKernel: Sendable {
  case relu
  case sigmoid(CurveKernel)
  case tanh(CurveKernel)
  case exponential(CurveKernel)
  case leakyReLU(slope: Float)
  case clip(minimum: Float, maximum: Float)

  /// Applies the function to the floats of `x`; `y` says how many.
  package func run(_ x: MemoryRegion, into y: MemoryRegion) {
    let count = y.floatCount
    let (x, y) = unsafe (x.pointer(floats: count), y.pointer(floats: count))
    switch self {
    case .relu: unsafe pc_f32_relu(x, y, count)
    case .sigmoid(let kernel): unsafe kernel.row.pointee.sigmoid(x, y, count)
    case .tanh(let kernel): unsafe kernel.row.pointee.tanh(x, y, count)
    case .exponential(let kernel): unsafe kernel.row.pointee.exponential(x, y, count)
    case .leakyReLU(let slope): unsafe pc_f32_leaky_relu(x, y, count, slope)
    case .clip(let minimum, let maximum): unsafe pc_f32_clip(x, y, count, minimum, maximum)
    }
  }
}

/// Functions of several values with broadcasting.
package enum BroadcastKernel: Sendable {
  case add, subtract, multiply, divide
  /// Two inputs to `bool`.
  case equal
  /// A `bool` input and two others.
  case select

  /// Runs `rows` of `loop`'s rows.
  package func run(
    _ loop: BroadcastLoop, rows: Range<Int>, inputs: [MemoryRegion], into output: MemoryRegion
  ) {
    loop.forEachRow(rows) { place, offsets in
      let steps = loop.innerSteps
      let count = loop.innerCount
      switch self {
      case .equal:
        unsafe pc_f32_equal(
          floats(inputs[0], offsets[0], steps[0], count), steps[0],
          floats(inputs[1], offsets[1], steps[1], count), steps[1],
          output.pointer(bytes: place + count) + place, count)
      case .select:
        unsafe pc_f32_select(
          inputs[0].pointer(bytes: offsets[0] + steps[0] * (count - 1) + 1) + offsets[0], steps[0],
          floats(inputs[1], offsets[1], steps[1], count), steps[1],
          floats(inputs[2], offsets[2], steps[2], count), steps[2],
          output.pointer(floats: place + count) + place, count)
      default:
        unsafe pc_f32_binary(
          operation, floats(inputs[0], offsets[0], steps[0], count), steps[0],
          floats(inputs[1], offsets[1], steps[1], count), steps[1],
          output.pointer(floats: place + count) + place, count)
      }
    }
  }

  private var operation: pc_binary {
    switch self {
    case .subtract: PC_BINARY_SUBTRACT
    case .multiply: PC_BINARY_MULTIPLY
    case .divide: PC_BINARY_DIVIDE
    default: PC_BINARY_ADD
    }
  }

  @unsafe
  private func floats(
    _ region: MemoryRegion, _ offset: Int, _ step: Int, _ count: Int
  ) -> UnsafePointer<Float> {
    unsafe UnsafePointer(region.pointer(floats: offset + step * (count - 1) + 1) + offset)
  }
}
