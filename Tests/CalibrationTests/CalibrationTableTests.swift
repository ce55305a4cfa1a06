import GraphIR
import GraphPasses
import TensorCore
import Testing

@testable import Calibration

@Suite struct CalibrationTableTests {
  private let table = CalibrationTable(
    layers: [.init(name: "enc 1", precision: .int8), .init(name: "dec/2:0", precision: .bfloat16)],
    pictures: [.init(name: "enc 1", range: ValueRange(-0.1, 3.3333333))],
    corrections: [.init(layer: "enc 1", values: [1e-9, -2.5])])

  @Test func `reads back what it writes`() throws {
    let read = try CalibrationTable(parsing: table.text, file: "t")
    #expect(read == table)
    #expect(read.text == table.text)
    #expect(table.text.hasPrefix("# Calibration table"))
  }

  @Test func `reads what a person may write`() throws {
    let text = "\r\n  # note\n\tlayer\tf32\t name with spaces  \r\npicture -1e0 0.5 x"
    let read = try CalibrationTable(parsing: text, file: "t")
    #expect(read.layers == [.init(name: "name with spaces", precision: .float32)])
    #expect(read.pictures == [.init(name: "x", range: ValueRange(-1, 0.5))])
    #expect(try CalibrationTable(parsing: "", file: "t") == CalibrationTable())
  }

  @Test(arguments: [
    ("layers int8 a", "t:1: 'layers' begins no line"), ("#\nlayer int9 a", "t:2: 'int9'"),
    ("layer int8", "t:1: the name is missing"), ("layer int8  ", "t:1: the name"),
    ("layer", "t:1: a precision is missing"), ("picture 1 x", "t:1: 'x' is no number"),
    ("picture 0 nan x", "'nan' is no number"), ("picture 0 inf x", "'inf' is no number"),
    ("picture 2 1 x", "the smallest value 2.0 is above the largest 1.0"),
    ("picture 2", "the largest value is missing"), ("correction 1,,2 a", "'' is no number"),
    ("correction 1,b a", "'b' is no number"),
    ("layer f32 a\n\nlayer int8 a", "t:3: a second layer"),
    ("picture 0 1e99 x", "'1e99' is no number"),
  ])
  func `rejects what is no table, by line`(_ text: String, _ words: String) {
    #expect {
      _ = try CalibrationTable(parsing: text, file: "t")
    } throws: { error in
      let error = error as? CalibrationError
      return error?.code == .badTable && error?.message.contains(words) == true
    }
  }

  @Test func `rejects names that the network does not have`() throws {
    let graph = try SmallLayers().graph.graph
    func fault(_ table: CalibrationTable) -> CalibrationError? {
      do throws(CalibrationError) {
        try table.check(against: graph, file: "t")
        return nil
      } catch {
        return error
      }
    }
    #expect(fault(CalibrationTable(layers: [.init(name: "two", precision: .int8)])) == nil)
    let layer = fault(CalibrationTable(layers: [.init(name: "enc", precision: .int8)]))
    #expect(layer?.code == .unknownName)
    #expect(layer?.message == "t: the network has no layer 'enc'; it has one, two, three")
    let picture = fault(CalibrationTable(pictures: [.init(name: "mask", range: ValueRange(0, 1))]))
    #expect(picture?.message.contains("no picture 'mask'; it has image, one, two") == true)
    let correction = fault(CalibrationTable(corrections: [.init(layer: "two", values: [1])]))
    #expect(correction?.code == .mismatch)
    #expect(correction?.message.contains("has 1 values, the layer has 8 channels") == true)
  }
}
