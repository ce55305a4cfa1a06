import CheckpointFormats

/// Programs that torch.export saved, with the names of their state dictionary.
enum TorchExportImporter: CheckpointImporter {
  static let formatName = "torch.export"

  static func recognises(_ kind: FileKind) -> Bool { kind == .torchExport }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    let archive: TorchExportArchive
    do throws(CheckpointError) {
      archive = try TorchExportArchive.open(FileBytes(path: path))
    } catch {
      throw ImportError(error)
    }
    let store = WeightStore.pytorch(archive.tensors)
    let traits = CheckpointTraits(framework: .pytorch, keys: store.keys, arch: nil)
    return try store.importModel(
      traits, request, catalogue, format: formatName, notes: archive.notes)
  }
}
