import GraphIR
import KernelLibrary
import TensorCore
import Testing

@Suite struct KernelTableTests {
  @Test func `ends every family with the scalar row`() {
    for arithmetic in Arithmetic.allCases {
      #expect(TileKernel.matrixProducts(arithmetic).last?.instructionSet == "scalar")
    }
    #expect(TileKernel.dotProducts.last?.instructionSet == "scalar")
    #expect(RowKernel.all.last?.instructionSet == "scalar")
    #expect(CurveKernel.all.last?.instructionSet == "scalar")
    #expect(KernelTable.supported.last?.instructionSet == "scalar")
  }

  @Test func `prefers a row that this processor runs`() {
    for arithmetic in Arithmetic.allCases {
      #expect(KernelTable.preferred.matrixProduct(arithmetic).isSupported)
    }
    #expect(KernelTable.preferred.dotProduct.isSupported)
    #expect(KernelTable.preferred.rows.isSupported && KernelTable.preferred.curves.isSupported)
  }
}

@Suite struct KernelSelectionTests {
  @Test(arguments: KernelTable.supported, Arithmetic.allCases)
  func `chooses rows of the wanted set or a lesser one`(
    _ table: KernelTable, _ arithmetic: Arithmetic
  ) {
    let kernel = table.matrixProduct(arithmetic)
    let order = KernelTable.supported.map(\.instructionSet)
    let wanted = order.firstIndex(of: table.instructionSet) ?? 0
    let found = order.firstIndex { kernel.instructionSet.hasPrefix($0) } ?? -1
    #expect(kernel.isSupported && kernel.arithmetic == arithmetic)
    #expect(found >= wanted)
  }

  @Test(arguments: Arithmetic.allCases)
  func `chooses the scalar row when that set is asked for`(_ arithmetic: Arithmetic) throws {
    let table = try #require(KernelTable.supported.last)
    #expect(table.matrixProduct(arithmetic).instructionSet == "scalar")
  }
}
