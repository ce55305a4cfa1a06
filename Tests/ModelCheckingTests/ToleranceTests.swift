import TensorCore
import Testing

@testable import ModelChecking

struct ToleranceTests {
  private let comparison = ArrayComparison(
    Tensor([1, 2.5], shape: [2]), Tensor([1, 2], shape: [2]))

  @Test
  func `adds the absolute part to the relative part of the largest magnitude`() {
    #expect(Tolerance(absolute: 0.5).accepts(comparison))
    #expect(Tolerance(relative: 0.25).accepts(comparison))
    #expect(Tolerance(absolute: 0.3, relative: 0.1).accepts(comparison))
    #expect(!Tolerance(absolute: 0.3, relative: 0.09).accepts(comparison))
  }

  @Test
  func `takes values by name before common ones and the preset last`() throws {
    let table = try ToleranceTable(
      .exact, absolute: ["1e-3"], relative: ["a:b:0.5"], psnr: ["c:40"])
    #expect(table["a:b"] == Tolerance(relative: 0.5))
    #expect(table["c"] == Tolerance(psnr: 40))
    #expect(table["other"] == Tolerance(absolute: 1e-3))
    #expect(ToleranceTable(.close)["other"] == Tolerance(relative: 1e-5))
  }

  @Test(arguments: ["", "x", "nan", "-1", "a:", "inf", "1:2:z"])
  func `rejects what is no number of at least 0`(text: String) {
    #expect(throws: CheckError.self) {
      try ToleranceTable(.close, absolute: [text], relative: [], psnr: [])
    }
  }

  @Test
  func `rejects a value given twice and a name that is not compared`() throws {
    #expect(throws: CheckError.self) {
      try ToleranceTable(.close, absolute: ["1", "2"], relative: [], psnr: [])
    }
    let table = try ToleranceTable(.close, absolute: ["outptu:1"], relative: [], psnr: [])
    #expect(throws: CheckError.self) { try table.requireKnown(["output"]) }
  }
}
