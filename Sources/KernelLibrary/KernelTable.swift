import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One micro-kernel of a family, and the tile it computes.
///
/// Safety: the row is constant memory of the program.
@safe
package struct TileKernel: @unchecked Sendable, CustomStringConvertible {
  let row: UnsafePointer<pc_tile_kernel>

  /// Output pixels of a tile.
  package var rows: Int { unsafe Int(row.pointee.rows) }
  /// Output channels of a tile, which is also a block of packed weights.
  package var columns: Int { unsafe Int(row.pointee.columns) }
  /// The C symbol.
  package var name: String { unsafe String(cString: row.pointee.name) }
  package var description: String { name }
  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }
  /// Whether this processor runs it.
  package var isSupported: Bool { unsafe pc_isa_is_supported(row.pointee.isa) != 0 }

  /// Every row of the indirect matrix product, best first.
  package static let matrixProducts = unsafe family(pc_igemm_kernels)
  /// Every row of the dot product for few output channels, best first.
  package static let dotProducts = unsafe family(pc_dot_kernels)

  private static func family(
    _ rows: (UnsafeMutablePointer<Int>?) -> UnsafePointer<pc_tile_kernel>?
  ) -> [TileKernel] {
    var count = 0
    guard let first = unsafe rows(&count) else { return [] }
    return (0..<count).map { unsafe TileKernel(row: first + $0) }
  }
}

/// The kernels that a model is compiled for: one row of each family, of one instruction set.
package struct KernelTable: Sendable, CustomStringConvertible {
  /// `avx512`, `avx2` or `scalar`.
  package let instructionSet: String
  package let matrixProduct: TileKernel
  /// For at most `dotProduct.columns` output channels.
  package let dotProduct: TileKernel

  package var description: String { instructionSet }

  /// The tables that this processor runs, best first; the scalar one is last.
  package static let supported: [KernelTable] = zip(
    TileKernel.matrixProducts, TileKernel.dotProducts
  ).compactMap { product, dot in
    precondition(
      product.instructionSet == dot.instructionSet, "kernel families list other instruction sets")
    guard product.isSupported else { return nil }
    return KernelTable(
      instructionSet: product.instructionSet, matrixProduct: product, dotProduct: dot)
  }

  /// The instruction set that the environment variable `PCONV_ISA` asks for.
  package static let requested: String? = unsafe getenv("PCONV_ISA").map {
    unsafe String(cString: $0)
  }

  /// The best table, or the requested one when this processor runs it.
  package static let preferred: KernelTable =
    supported.first { $0.instructionSet == requested } ?? supported[0]
}
