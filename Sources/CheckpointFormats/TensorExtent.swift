import TensorCore

/// The checks that make a shape, strides and offset from a file safe to use.
struct TensorExtent {
  /// Most axes a tensor may have.
  static let maximumRank = 64
  /// Bytes that broadcast elements (stride 0) may take beyond the stored ones.
  static let broadcastBytes = 64 << 20

  /// The strides given, or those of C order.
  let strides: [Int]

  /// Checks that a tensor of these facts lies in `block` and is no larger than it can justify.
  ///
  /// - Throws: `.corrupt`, `.truncated` or `.limitExceeded`, naming the tensor.
  init(
    shape: [Int], strides: [Int]?, elementType: ElementType, byteOffset: Int, block: StoredBlock,
    name: String
  ) throws(CheckpointError) {
    func failure(_ code: CheckpointError.Code, _ message: String) -> CheckpointError {
      CheckpointError(code, message, file: block.file, subject: name)
    }
    guard shape.count <= Self.maximumRank else {
      throw failure(.limitExceeded, "has \(shape.count) axes, more than \(Self.maximumRank)")
    }
    guard shape.allSatisfy({ $0 >= 0 }), byteOffset >= 0, (strides ?? []).allSatisfy({ $0 >= 0 })
    else { throw failure(.corrupt, "has a negative size, stride or offset") }
    guard (strides ?? shape).count == shape.count else {
      throw failure(.corrupt, "has \(shape.count) sizes and \(strides?.count ?? 0) strides")
    }
    let tooLarge = failure(
      .limitExceeded,
      "has shape \(shape), larger than its \(block.byteCount) stored bytes allow")
    var running = 1
    var order = shape
    for axis in shape.indices.reversed() {
      order[axis] = running
      let (product, overflow) = running.multipliedReportingOverflow(by: max(shape[axis], 1))
      guard !overflow else { throw tooLarge }
      running = product
    }
    self.strides = strides ?? order
    let (bytes, overflow) = running.multipliedReportingOverflow(by: elementType.byteCount)
    guard !overflow, bytes <= max(block.byteCount, Self.broadcastBytes) else { throw tooLarge }
    guard !shape.contains(0) else { return }
    let end = Self.end(shape, self.strides, elementType.byteCount, byteOffset)
    guard let end, end <= block.byteCount else {
      let wanted = end.map { "\($0)" } ?? "more than 2⁶³"
      throw CheckpointError(
        .truncated, "needs \(wanted) bytes of storage, which has \(block.byteCount)",
        file: block.file, subject: name, remedy: "download the file again: it is not complete")
    }
  }

  /// First byte after the last element, or nil on overflow.
  private static func end(
    _ shape: [Int], _ strides: [Int], _ elementSize: Int, _ byteOffset: Int
  ) -> Int? {
    var last = 0
    for (size, stride) in zip(shape, strides) {
      let (distance, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooLong) = last.addingReportingOverflow(distance)
      guard !tooFar, !tooLong else { return nil }
      last = sum
    }
    let (count, overflow) = last.addingReportingOverflow(1)
    let (bytes, tooMany) = count.multipliedReportingOverflow(by: elementSize)
    let (end, tooLong) = bytes.addingReportingOverflow(byteOffset)
    return overflow || tooMany || tooLong ? nil : end
  }
}
