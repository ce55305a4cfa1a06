package import TensorCore

/// The weights of a convolution by rows, `[channel][tap][output]`, as `f32`.
package struct RowWeights: Sendable {
  let values: [Float]
  package let outputs: Int
  /// Input channels under the kernel.
  package let channels: Int
  package let kernelSize: [Int]

  /// Orders `weights: [O, C, kh, kw]` of any type.
  ///
  /// - Parameter channels: the input channels to take; all when nil.
  package init(_ weights: Tensor, channels: [Int]? = nil) {
    let shape = weights.shape
    precondition(shape.count == 4, "weights are [O, C, kh, kw]")
    let chosen = channels ?? Array(0..<shape[1])
    (outputs, self.channels, kernelSize) = (shape[0], chosen.count, Array(shape[2...]))
    let stored = weights.convertedToFloat32()
    let (outputs, inputs, taps) = (shape[0], shape[1], shape[2] * shape[3])
    values = chosen.flatMap { channel in
      (0..<taps).flatMap { tap in
        (0..<outputs).map { stored.floats[($0 * inputs + channel) * taps + tap] }
      }
    }
  }

  /// Bytes of all weights.
  package var byteCount: Int { values.count * 4 }
}
