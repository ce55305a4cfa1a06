import OrderedCollections
import Testing

@testable import CheckpointFormats

@Suite struct TorchLegacyTests {
  private func open(_ bytes: [UInt8]) throws -> TorchCheckpoint {
    try TorchCheckpoint.open(FileBytes(bytes, name: "m.pth"))
  }

  @Test func `reads views of a storage`() throws {
    let view = Pickle.tuple(Pickle.string("v"), Pickle.int(1), Pickle.int(2))
    var fixture = TorchFixture(
      Pickle.dictionary([("a.weight", Pickle.tensor("5", shape: [2], count: 4, view: view))]))
    fixture.storages = [("5", floats([1, 2, 3, 4]))]
    #expect(try weight(open(fixture.legacy())) == [2, 3])
    fixture.pickle = Pickle.file(
      Pickle.dictionary([("a.weight", Pickle.tensor("5", shape: [3], count: 4, view: view))]))
    expectError(.truncated, "past its view") { _ = try open(fixture.legacy()) }
    let outside = Pickle.tuple(Pickle.string("v"), Pickle.int(3), Pickle.int(2))
    fixture.pickle = Pickle.file(
      Pickle.dictionary([("a.weight", Pickle.tensor("5", shape: [2], count: 4, view: outside))]))
    expectError(.corrupt, "view past the end") { _ = try open(fixture.legacy()) }
  }

  @Test func `reads an object pickle longer than the first window`() throws {
    let note = String(repeating: "n", count: 400_000)
    var fixture = TorchFixture(
      Pickle.dictionary([
        ("note", Pickle.string(note)), ("a.weight", Pickle.tensor("0", shape: [2])),
      ]))
    fixture.storages = [("0", floats([1, 2]))]
    #expect(try weight(open(fixture.legacy())) == [1, 2])
  }

  @Test func `notes bytes after the last storage`() throws {
    let checkpoint = try open(TorchFixture.small.legacy(trailer: [1, 2, 3]))
    #expect(checkpoint.notes == ["ignored: 3 bytes after the last storage"])
  }

  @Test func `rejects keys and counts that disagree with the object`() {
    let small = TorchFixture.small
    expectError(.missing, "no storage '0'") { _ = try open(small.legacy(keys: [])) }
    expectError(.missing, "no storage '0'") { _ = try open(small.legacy(keys: ["1"])) }
    expectError(.corrupt, "nothing refers to") { _ = try open(small.legacy(keys: ["0", "1"])) }
    expectError(.corrupt, "damaged list") { _ = try open(small.legacy(keys: ["0", "0"])) }
    expectError(.corrupt, "holds 2 elements where 4 are declared (storage 0)") {
      _ = try open(small.legacy(elementSize: 8))
    }
    expectError(.truncated, "needs 16 bytes where 15 are left") {
      _ = try open(small.legacy().dropLast())
    }
  }

  @Test func `rejects another protocol, system or attack`() {
    let small = TorchFixture.small
    expectError(.unsupported, "legacy protocol") {
      let bytes = TorchLegacyContainer.signature + Pickle.file(Pickle.int(1002))
      _ = try open(bytes)
    }
    expectError(.unsupported, "big-endian") { _ = try open(small.legacy(isLittleEndian: false)) }
    expectError(.corrupt, "system record") {
      let start = TorchLegacyContainer.signature + Pickle.file(Pickle.int(1001))
      _ = try open(start + Pickle.file(Pickle.none))
    }
    expectError(.refused, "call to os.system (object pickle byte") {
      _ = try open(TorchFixture(Pickle.call("os", "system", Pickle.string("id"))).legacy())
    }
  }
}
