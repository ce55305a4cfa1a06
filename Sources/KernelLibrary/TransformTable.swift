import CKernels

/// The transforms of data and of sums for one instruction set.
///
/// Safety: the row is constant memory of the program.
@safe
package struct TransformTable: @unchecked Sendable {
  let row: UnsafePointer<pc_transform_kernel>

  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }

  /// Every row, best first.
  package static let all: [TransformTable] = {
    var count = 0
    guard let rows = unsafe pc_transform_kernels(&count) else { return [] }
    return (0..<count).compactMap { index in
      unsafe rows[index].map { unsafe TransformTable(row: $0) }
    }
  }()
}
