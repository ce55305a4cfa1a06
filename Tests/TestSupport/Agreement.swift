public import TensorCore

/// `max |actual - reference| / max |reference|`, the measure of agreement with a framework.
///
/// Infinite when the shapes differ or either holds a NaN or an infinity; the plain difference where
/// the reference is 0 everywhere.
public func relativeDifference(_ actual: Tensor, _ reference: Tensor) -> Double {
  guard actual.shape == reference.shape else { return .infinity }
  let pairs = zip(actual.convertedToFloat32().floatArray, reference.convertedToFloat32().floatArray)
  var largest = 0.0
  var difference = 0.0
  for (value, wanted) in pairs {
    guard value.isFinite, wanted.isFinite else { return .infinity }
    largest = max(largest, Double(abs(wanted)))
    difference = max(difference, abs(Double(value) - Double(wanted)))
  }
  return largest == 0 ? difference : difference / largest
}

extension Tensor {
  /// The part of axis 0 that `range` selects; the tensor is `f32`.
  public func slice(_ range: Range<Int>) -> Tensor {
    let rowLength = shape.dropFirst().reduce(1, *)
    return Tensor(
      Array(floatArray[range.lowerBound * rowLength..<range.upperBound * rowLength]),
      shape: [range.count] + shape.dropFirst())
  }

  /// Every `step`-th index, from 0, of each of `axes`; the tensor is `f32`.
  public func sampled(_ axes: [Int], step: Int) -> Tensor {
    axes.reduce(self) { tensor, axis in
      let inner = tensor.shape[(axis + 1)...].reduce(1, *)
      let length = tensor.shape[axis]
      let outer = tensor.shape[..<axis].reduce(1, *)
      let values = tensor.floatArray
      var kept: [Float] = []
      for block in 0..<outer {
        for index in stride(from: 0, to: length, by: step) {
          let start = (block * length + index) * inner
          kept += values[start..<start + inner]
        }
      }
      var shape = tensor.shape
      shape[axis] = (length + step - 1) / step
      return Tensor(kept, shape: shape)
    }
  }
}
