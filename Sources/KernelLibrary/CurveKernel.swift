import CKernels

/// Sigmoid, tanh and the exponential of one instruction set. Every row gives the same bits.
///
/// Safety: the row is constant memory of the program.
@safe
package struct CurveKernel: @unchecked Sendable, CustomStringConvertible {
  let row: UnsafePointer<pc_curve_kernel>

  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }
  /// The C symbol.
  package var description: String { unsafe String(cString: row.pointee.name) }
  /// Whether this processor runs it.
  package var isSupported: Bool { unsafe pc_isa_is_supported(row.pointee.isa) != 0 }

  /// Every row, best first.
  package static let all: [CurveKernel] = {
    var count = 0
    guard let rows = unsafe pc_curve_kernels(&count) else { return [] }
    return (0..<count).compactMap { index in
      unsafe rows[index].map { unsafe CurveKernel(row: $0) }
    }
  }()
}
