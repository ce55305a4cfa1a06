package import TensorCore

/// The weights of a convolution by rows, `[channel][tap][output]`, as `f32`.
package struct RowWeights: Sendable {
  let values: [Float]
  package let outputs: Int
  /// Input channels under the kernel.
  package let channels: Int
  package let kernelSize: [Int]

  /// Orders `weights: [O, C, kh, kw]` of any type.
  package init(_ weights: Tensor) {
    let shape = weights.shape
    precondition(shape.count == 4, "weights are [O, C, kh, kw]")
    (outputs, channels, kernelSize) = (shape[0], shape[1], Array(shape[2...]))
    let stored = weights.convertedToFloat32()
    let (outputs, filter) = (shape[0], shape[1...].reduce(1, *))
    values = (0..<filter).flatMap { place in
      (0..<outputs).map { stored.floats[$0 * filter + place] }
    }
  }

  /// Bytes of all weights.
  package var byteCount: Int { values.count * 4 }
}
