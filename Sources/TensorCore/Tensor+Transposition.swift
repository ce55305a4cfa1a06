extension Tensor {
  /// The tensor with its axes reordered: axis `i` of the result is axis `permutation[i]` of `self`.
  ///
  /// Bit-preserving for every element type. O(element count) time and memory.
  public func transposed(_ permutation: [Int]) -> Tensor {
    precondition(
      permutation.sorted() == Array(shape.indices), "\(permutation) does not permute \(shape)")
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let newShape = permutation.map { shape[$0] }
    return unsafe Tensor(elementType: elementType, shape: newShape) { destination in
      unsafe storage.bytes.withUnsafeBytes { source in
        guard let start = source.baseAddress else { return }
        unsafe copyStrided(
          from: start, to: destination, shape: newShape,
          strides: permutation.map { strides[$0] }, elementSize: elementType.byteCount)
      }
    }
  }
}
