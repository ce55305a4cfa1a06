import Foundation
import TestSupport
import Testing

/// Names that come from files, as they reach a terminal.
@Suite struct PrintedNameTests {
  @Test func `prints control characters of names as text, in one line`() throws {
    let bench = try Workbench()
    let header = #"{"a\nb\u001b[31m":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    let length = [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7)
    let bytes = Data(length) + Data(header.utf8) + Data(count: 4)
    try bench.folder.write(bytes, as: "hostile\u{1B}[2J.safetensors")
    let result = try bench.convert("hostile\u{1B}[2J.safetensors", "-o", "out.pcm")
    expectFailure(result, 4, #"\u{1B}"#)
    #expect(!result.errors.contains("\u{1B}"), "\(result)")
  }
}
