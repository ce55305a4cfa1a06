import CheckpointFormats
import OrderedCollections

/// PyTorch checkpoints: zip archives and the containers before 1.6.
enum TorchImporter: CheckpointImporter {
  static let formatName = "PyTorch"

  static func recognises(_ kind: FileKind) -> Bool {
    kind == .zip || kind == .legacyTorch || kind == .pickle
  }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    let checkpoint: TorchCheckpoint
    do throws(CheckpointError) {
      checkpoint = try TorchCheckpoint.open(path: path)
    } catch {
      throw ImportError(error)
    }
    let (states, place) = try choose(checkpoint, path)
    let store = WeightStore.pytorch(states)
    let traits = CheckpointTraits(
      framework: .pytorch, keys: store.keys, arch: checkpoint.root["arch"]?.string)
    return try store.importModel(
      traits, request, catalogue, format: "PyTorch",
      notes: checkpoint.notes + (place.isEmpty ? [] : ["weights read from \(place)"]))
  }

  /// The dictionary that holds the network: of the last label where there are labels
  /// (climatereconstructionAI keeps several trained states), else the one with most tensors.
  private static func choose(
    _ checkpoint: TorchCheckpoint, _ path: String
  ) throws(ImportError) -> (OrderedDictionary<String, StoredTensor>, place: String) {
    var found = checkpoint.stateDictionaries()
    if let label = checkpoint.root["labels"]?.list?.last?.string {
      let labelled = found.filter { $0.path.first == label }
      if !labelled.isEmpty { found = labelled }
    }
    guard
      let largest = found.max(by: { $0.tensors.count < $1.tensors.count }),
      !largest.tensors.isEmpty
    else {
      throw ImportError(.unrecognised, "\(path): holds no dictionary of named tensors")
    }
    return (largest.tensors, largest.path.map { "'\($0)'" }.joined(separator: " / "))
  }
}

/// Tensors in the safetensors format, with PyTorch's names.
enum SafeTensorsImporter: CheckpointImporter {
  static let formatName = "safetensors"

  static func recognises(_ kind: FileKind) -> Bool { kind == .safetensors }

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel {
    let file: SafeTensorsFile
    do throws(CheckpointError) {
      file = try SafeTensorsFile.open(FileBytes(path: path))
    } catch {
      throw ImportError(error)
    }
    let store = WeightStore.pytorch(file.tensors)
    let traits = CheckpointTraits(
      framework: .pytorch, keys: store.keys, arch: file.metadata["arch"])
    return try store.importModel(
      traits, request, catalogue, format: "safetensors", notes: [])
  }
}

extension WeightStore {
  /// PyTorch tensors, without the `module.` that DataParallel puts anywhere in a name.
  static func pytorch(
    _ tensors: OrderedDictionary<String, StoredTensor>
  ) -> WeightStore {
    var entries: OrderedDictionary<String, Entry> = [:]
    for (name, tensor) in tensors {
      let parts = name.split(separator: ".").filter { $0 != "module" }
      entries[parts.joined(separator: ".")] = Entry(
        shape: tensor.shape, elementType: tensor.elementType
      ) { () throws(CheckpointError) in try tensor.load() }
    }
    return WeightStore(entries, convention: .pytorch)
  }
}
