import GraphIR
import Testing

@testable import ModelFile

@Suite struct StoredTensorTests {
  let folder = TemporaryFolder()
  let model: StoredModel

  init() throws {
    model = try sampleModel()
    try ModelFileWriter.write(model, to: folder.file(), replacing: false)
  }

  /// Writes over the first byte of the first tensor.
  private func damage() throws {
    var bytes = try contents(folder.file())
    bytes[4096] ^= 1
    try store(bytes, at: folder.file())
  }

  @Test func `leaves the tensors in the file and reads each when asked`() throws {
    let (opened, tensors) = try ModelFileReader.open(folder.file())
    #expect(opened.provenance == model.provenance)
    #expect(opened.processing == model.processing)
    #expect(GraphPrinter.text(opened.graph.graph) == GraphPrinter.text(model.graph.graph))
    #expect(opened.graph.graph.constants.allSatisfy { $0.heldTensor == nil })
    for constant in model.graph.graph.constants {
      #expect(try tensors.tensor(of: constant.value) == constant.tensor, "\(constant.name)")
    }
    #expect(throws: Never.self) { try tensors.verify() }
  }

  @Test func `rejects a tensor whose bytes changed since the file was opened`() throws {
    let (_, tensors) = try ModelFileReader.open(folder.file())
    try damage()
    let constants = model.graph.graph.constants
    for constant in constants where constant.tensor != constants[0].tensor {
      #expect(throws: Never.self) { try tensors.tensor(of: constant.value) }
    }
    let errors = [
      #expect(throws: ModelFileError.self) { try tensors.tensor(of: constants[0].value) },
      #expect(throws: ModelFileError.self) { try tensors.verify() },
    ]
    for error in errors {
      #expect(error?.code == .corrupt)
      #expect(error?.offset == 4096)
      #expect(error?.description.hasPrefix("\(folder.file()): tensor 'enc.weight'") == true)
    }
  }

  @Test func `rejects a tensor that is no longer in the file`() throws {
    let (_, tensors) = try ModelFileReader.open(folder.file())
    try store(try contents(folder.file())[..<4100], at: folder.file())
    let error = #expect(throws: ModelFileError.self) { try tensors.verify() }
    #expect(error?.code == .truncated)
  }

  @Test func `rejects damage outside the tensors when it opens a file`() throws {
    let good = try contents(folder.file())
    for position in [0, 20, 130, 4095, 4096 + 216] {
      var bytes = good
      bytes[position] ^= 1
      try store(bytes, at: folder.file())
      #expect(throws: ModelFileError.self, "byte \(position)") {
        try ModelFileReader.open(folder.file())
      }
    }
  }
}
