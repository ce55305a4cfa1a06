import CKernels

/// The transforms of data, weights and sums for one instruction set and kind of numbers.
///
/// Safety: the row is constant memory of the program.
@safe
package struct TransformTable: @unchecked Sendable {
  let row: UnsafePointer<pc_transform_kernel>

  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }

  /// The numbers of pictures, transformed data and transformed weights.
  package var arithmetic: Arithmetic { Arithmetic(unsafe row.pointee.arithmetic) }

  /// Every row, best first.
  package static func all(_ arithmetic: Arithmetic) -> [TransformTable] {
    switch arithmetic {
    case .float32: unsafe family(pc_transform_kernels)
    case .bfloat16: unsafe family(pc_bf16_transform_kernels)
    case .integer8: unsafe family(pc_u8_transform_kernels)
    }
  }

  private static func family(
    _ rows: (UnsafeMutablePointer<Int>?) -> UnsafePointer<UnsafePointer<pc_transform_kernel>?>?
  ) -> [TransformTable] {
    var count = 0
    guard let first = unsafe rows(&count) else { return [] }
    return (0..<count).compactMap { index in
      unsafe first[index].map { unsafe TransformTable(row: $0) }
    }
  }
}
