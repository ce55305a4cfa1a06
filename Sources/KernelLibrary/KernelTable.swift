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
  /// The numbers that it multiplies.
  package var arithmetic: Arithmetic { Arithmetic(unsafe row.pointee.arithmetic) }
  /// The C symbol.
  package var name: String { unsafe String(cString: row.pointee.name) }
  package var description: String { name }
  /// The name of the instruction set.
  package var instructionSet: String { unsafe String(cString: row.pointee.isa) }
  /// Consecutive channels that lie side by side in packed weights.
  package var group: Int { unsafe Int(row.pointee.group) }
  /// `channels`, padded to whole groups of numbers that the kernel multiplies at once.
  func paddedChannels(_ channels: Int) -> Int { unsafe Int(pc_padded_channels(row, channels)) }
  /// Whether this processor runs it.
  package var isSupported: Bool { unsafe pc_isa_is_supported(row.pointee.isa) != 0 }

  /// Every row of the indirect matrix product, best first.
  package static func matrixProducts(_ arithmetic: Arithmetic) -> [TileKernel] {
    switch arithmetic {
    case .float32: unsafe family(pc_igemm_kernels)
    case .bfloat16: unsafe family(pc_bf16_igemm_kernels)
    case .integer8: unsafe family(pc_u8s8_igemm_kernels)
    }
  }

  /// Every row of the `f32` dot product for few output channels, best first.
  package static let dotProducts = unsafe family(pc_dot_kernels)

  private static func family(
    _ rows: (UnsafeMutablePointer<Int>?) -> UnsafePointer<pc_tile_kernel>?
  ) -> [TileKernel] {
    var count = 0
    guard let first = unsafe rows(&count) else { return [] }
    return (0..<count).map { unsafe TileKernel(row: first + $0) }
  }
}

/// The kernels that a model is compiled for: one row of each family, of one instruction set and
/// those that extend it, or of a lesser one where a family has no such row.
package struct KernelTable: Sendable, CustomStringConvertible {
  /// `avx512`, `avx2`, `neon` or `scalar`.
  package let instructionSet: String
  private let matrixProducts: [Arithmetic: TileKernel]
  /// For at most `dotProduct.columns` output channels.
  package let dotProduct: TileKernel
  private let transforms: [Arithmetic: TransformTable]
  /// For convolutions of few channels to few.
  package let rows: RowKernel
  package let curves: CurveKernel

  package var description: String { instructionSet }

  /// The row for `f32` products of any size.
  package var matrixProduct: TileKernel { matrixProduct(.float32) }

  /// The row for products of any size.
  package func matrixProduct(_ arithmetic: Arithmetic) -> TileKernel {
    guard let kernel = matrixProducts[arithmetic] else {
      preconditionFailure("\(arithmetic) has no scalar row")
    }
    return kernel
  }

  /// The row for convolutions in a transform domain, whose products `matrixProduct(arithmetic)`
  /// takes; nil where these numbers have none.
  package func transforms(_ arithmetic: Arithmetic) -> TransformTable? { transforms[arithmetic] }

  /// The row for `outputs` channels: dot products for a few in `f32`, else matrix products.
  package func kernel(_ arithmetic: Arithmetic = .float32, outputs: Int) -> TileKernel {
    arithmetic == .float32 && outputs <= dotProduct.columns
      ? dotProduct : matrixProduct(arithmetic)
  }

  /// The tables that this processor runs, best first; the scalar one is last.
  package static let supported: [KernelTable] = zip(
    TileKernel.matrixProducts(.float32), TileKernel.dotProducts
  ).compactMap { product, dot in
    precondition(
      product.instructionSet == dot.instructionSet, "kernel families list other instruction sets")
    guard product.isSupported,
      let rows = RowKernel.all.first(where: { $0.instructionSet == product.instructionSet }),
      let curves = CurveKernel.all.first(where: { $0.instructionSet == product.instructionSet })
    else { return nil }
    var products: [Arithmetic: TileKernel] = [:]
    var transforms: [Arithmetic: TransformTable] = [:]
    for arithmetic in Arithmetic.allCases {
      products[arithmetic] = TileKernel.matrixProducts(arithmetic).first {
        $0.isSupported && rank($0) >= rank(product)
      }
      transforms[arithmetic] = TransformTable.all(arithmetic).first {
        $0.instructionSet == products[arithmetic]?.instructionSet
      }
    }
    return KernelTable(
      instructionSet: product.instructionSet, matrixProducts: products, dotProduct: dot,
      transforms: transforms, rows: rows, curves: curves)
  }

  /// The place of the set that a row's set is or extends, in the order of the tables.
  private static func rank(_ kernel: TileKernel) -> Int {
    TileKernel.dotProducts.firstIndex { kernel.instructionSet.hasPrefix($0.instructionSet) } ?? 0
  }

  /// The instruction set that the environment variable `PCONV_ISA` asks for.
  package static let requested: String? = unsafe getenv("PCONV_ISA").map {
    unsafe String(cString: $0)
  }

  /// The best table, or the requested one when this processor runs it.
  package static let preferred: KernelTable =
    supported.first { $0.instructionSet == requested } ?? supported[0]
}
