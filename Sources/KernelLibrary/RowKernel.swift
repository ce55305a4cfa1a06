import CKernels

/// The row of the convolutions by rows of one instruction set.
///
/// Safety: the row is constant memory of the program.
@safe
package struct RowKernel: @unchecked Sendable, CustomStringConvertible {
  let row: UnsafePointer<pc_row_kernel>

  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }
  /// The C symbol.
  package var description: String { unsafe String(cString: row.pointee.name) }
  /// Whether this processor runs it.
  package var isSupported: Bool { unsafe pc_isa_is_supported(row.pointee.isa) != 0 }

  /// Most output channels that a row computes.
  package static let maximumOutputCount = PC_MAX_ROW_OUTPUTS

  /// Every row, best first.
  package static let all: [RowKernel] = {
    var count = 0
    guard let first = unsafe pc_row_kernels(&count) else { return [] }
    return (0..<count).map { unsafe RowKernel(row: first + $0) }
  }()
}
