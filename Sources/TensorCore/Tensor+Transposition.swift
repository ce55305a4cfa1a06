extension Tensor {
  /// The tensor with its axes reordered: axis `i` of the result is axis `permutation[i]` of `self`.
  ///
  /// Bit-preserving for every element type. O(element count) time and memory.
  public func transposed(_ permutation: [Int]) -> Tensor {
    precondition(
      permutation.sorted() == Array(shape.indices), "\(permutation) does not permute \(shape)")
    let size = elementType.byteCount
    var strides = [Int](repeating: size, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let newShape = permutation.map { shape[$0] }
    let newStrides = permutation.map { strides[$0] }
    return unsafe Tensor(elementType: elementType, shape: newShape) { destination in
      guard destination.count > 0 else { return }
      unsafe storage.bytes.withUnsafeBytes { source in
        var index = [Int](repeating: 0, count: newShape.count)
        var offset = 0
        for position in stride(from: 0, to: destination.count, by: size) {
          unsafe destination.baseAddress.unsafelyUnwrapped.advanced(by: position)
            .copyMemory(from: source.baseAddress.unsafelyUnwrapped + offset, byteCount: size)
          for axis in newShape.indices.reversed() {
            index[axis] += 1
            offset += newStrides[axis]
            if index[axis] < newShape[axis] { break }
            offset -= newStrides[axis] * newShape[axis]
            index[axis] = 0
          }
        }
      }
    }
  }
}
