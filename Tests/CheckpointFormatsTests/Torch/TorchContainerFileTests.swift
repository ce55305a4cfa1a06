import CheckpointFormats
import OrderedCollections
import TensorCore
import TestSupport
import Testing

/// Files that PyTorch wrote in every container.
@Suite struct TorchContainerFileTests {
  /// The tensors by name of a file of `Fixtures`, of whichever container.
  private func tensors(_ name: String) throws -> [String: StoredTensor] {
    let file = try FileBytes(path: PackageFiles.fixture(name))
    let found =
      try FileKind(file) == .torchExport
      ? TorchExportArchive.open(file).tensors
      : #require(TorchCheckpoint.open(file).stateDictionaries().first).tensors
    return Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) })
  }

  @Test(arguments: [
    "exported.pt2", "traced.pt", "whole_module.pth", "whole_module_legacy.pth", "protocol4.pth",
    "protocol5.pth", "deflated.pth",
  ])
  func `reads the same names, types and bits as from the state dictionary`(
    _ name: String
  ) throws {
    let wanted = try tensors("pytorch/naoto_unet.pth")
    let read = try tensors("torch_containers/\(name)")
    #expect(Set(read.keys) == Set(wanted.keys))
    for (name, tensor) in wanted { #expect(try tensor.load() == read[name]?.load(), "\(name)") }
  }

  @Test func `reads the weights of a compiled module`() throws {
    let read = try tensors("torch_containers/scripted.pt")
    let arrays = try NumpyArchive.open(
      FileBytes(path: PackageFiles.fixture("torch_containers/scripted.npz")))
    #expect(Set(read.keys) == Set(arrays.keys))
    for (name, array) in arrays { #expect(try read[name]?.load() == array.load(), "\(name)") }
  }
}
