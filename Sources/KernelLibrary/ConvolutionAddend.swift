import CKernels

/// Finished sums `[N, height, width, pixelStride]`, `f32` or `i32` as the convolution's own, that
/// one with strides of 1 adds to them before its epilogue.
package struct ConvolutionAddend: Sendable {
  package var sums: MemoryRegion
  /// The first of the channels that are added.
  package var firstChannel: Int
  package var pixelStride: Int
  package var height: Int
  package var width: Int
  /// The stored row for each output row; -1 where nothing is added.
  package var rows: [Int32]
  /// The stored column for each output column; -1 where nothing is added.
  package var columns: [Int32]

  package init(
    sums: MemoryRegion, firstChannel: Int = 0, pixelStride: Int, height: Int, width: Int,
    rows: [Int32], columns: [Int32]
  ) {
    self.sums = sums
    self.firstChannel = firstChannel
    self.pixelStride = pixelStride
    self.height = height
    self.width = width
    self.rows = rows
    self.columns = columns
  }

  /// Most addends that one kernel adds.
  package static let maximumCount = PC_MAX_ADDENDS
}

/// The addends of one kernel as C reads them.
///
/// Safety: the structures and their tables are filled here once and never change.
@safe
final class ConvolutionAddendTable {
  let entries: UnsafeMutableBufferPointer<pc_addend>
  private let places: UnsafeMutableBufferPointer<Int32>

  init(_ addends: [ConvolutionAddend], shape: ConvolutionShape, outputs: Int) {
    precondition(addends.count <= ConvolutionAddend.maximumCount, "too many addends for a kernel")
    precondition(
      addends.isEmpty || shape.stride == [1, 1], "addends belong to convolutions without strides")
    unsafe entries = .allocate(capacity: addends.count)
    unsafe places = .allocate(capacity: addends.count * (shape.height + shape.width))
    var filled = 0
    for (index, addend) in addends.enumerated() {
      Self.check(addend, shape: shape, outputs: outputs)
      let lines = addend.rows.map { $0 < 0 ? -1 : $0 * Int32(addend.width) }
      let rows = unsafe places.baseAddress.map { unsafe $0 + filled }
      let columns = unsafe rows.map { unsafe $0 + shape.height }
      for place in lines + addend.columns {
        unsafe places.initializeElement(at: filled, to: place)
        filled += 1
      }
      let area = addend.height * addend.width
      let pixels = unsafe addend.sums.pointer(floats: shape.images * area * addend.pixelStride)
      unsafe entries.initializeElement(
        at: index,
        to: pc_addend(
          pixels: pixels + addend.firstChannel, pixel_stride: addend.pixelStride, area: area,
          row_places: rows, column_places: columns))
    }
  }

  deinit {
    unsafe entries.deallocate()
    unsafe places.deallocate()
  }

  private static func check(_ addend: ConvolutionAddend, shape: ConvolutionShape, outputs: Int) {
    precondition(
      addend.rows.count == shape.height && addend.columns.count == shape.width
        && addend.rows.allSatisfy { $0 < addend.height }
        && addend.columns.allSatisfy { $0 < addend.width },
      "an addend's places do not fit its sums")
    precondition(
      addend.firstChannel >= 0 && addend.firstChannel + outputs <= addend.pixelStride,
      "an addend has fewer channels than a kernel adds")
  }
}
