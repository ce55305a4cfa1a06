import CheckpointFormats
import GraphIR

/// Reads one kind of checkpoint, told by content.
///
/// A new kind is one file and one line in `ImporterRegistry.all`.
protocol CheckpointImporter: SendableMetatype {
  /// What error messages call such files.
  static var formatName: String { get }

  static func recognises(_ kind: FileKind) -> Bool

  static func importModel(
    _ path: String, _ request: ImportRequest, _ catalogue: NetworkCatalogue
  ) throws(ImportError) -> ImportedModel
}

public enum ImporterRegistry {
  static let all: [any CheckpointImporter.Type] = [
    KerasImporter.self,
    ONNXImporter.self,
    SafeTensorsImporter.self,
    TorchExportImporter.self,
    TorchImporter.self,
  ]

  /// Reads the checkpoint at `path` and builds its graph; nothing in the file is executed.
  ///
  /// - Throws: `ImportError`, which names the file, layer or tensor, why, and what to do.
  public static func importModel(
    _ path: String, _ request: ImportRequest
  ) throws(ImportError) -> ImportedModel {
    let kind: FileKind
    do throws(CheckpointError) {
      kind = try FileKind(FileBytes(path: path))
    } catch {
      throw ImportError(error)
    }
    guard let importer = all.first(where: { $0.recognises(kind) }) else {
      let formats = all.map { $0.formatName }.joined(separator: ", ")
      throw ImportError(kind.mismatch(expected: "a model (\(formats))", file: path))
    }
    return try importer.importModel(path, request, NetworkCatalogue.bundled())
  }
}

extension WeightStore {
  /// Turns the tensors into a graph by the description that fits.
  func importModel(
    _ traits: CheckpointTraits, _ request: ImportRequest, _ catalogue: NetworkCatalogue,
    format: String, notes: [String]
  ) throws(ImportError) -> ImportedModel {
    let (description, reason) = try catalogue.choose(traits, request: request.network)
    guard description.framework == traits.framework else {
      throw ImportError(
        .unknownNetwork,
        "'\(description.name)' describes \(description.framework.rawValue) checkpoints, this is "
          + "one of \(traits.framework.rawValue)")
    }
    let scope = try description.scope(self, request.settings)
    let statistics = request.batchNorm?.statistics ?? .moving
    let graph = try withSmallestSizeMultiple { multiple throws(ImportError) in
      try NetworkBuilder.build(
        description, self, scope: scope, statistics: statistics, sizeMultiple: multiple)
    }
    var options = scope.words.merging(scope.numbers.mapValues { "\($0)" }) { word, _ in word }
      .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    options.append(("batch-norm", statistics.rawValue))
    return ImportedModel(
      graph: graph, network: description.name, title: description.title, reason: reason,
      options: options, notes: notes + unusedNotes(ignoring: description.ignored ?? []),
      processing: description.picture, sourceFormat: format, tensors: tensors,
      description: PublishedNetwork(description))
  }

  /// A note about the tensors that no layer used, `ignoring` those that inference never needs.
  func unusedNotes(ignoring patterns: [String]) -> [String] {
    let left = unused.filter { name in !patterns.contains { name.matches($0) } }
    guard !left.isEmpty else { return [] }
    let shown = left.prefix(5).joined(separator: ", ") + (left.count > 5 ? ", …" : "")
    return ["warning: the network uses \(used.count) tensors and leaves \(left.count): \(shown)"]
  }
}

/// The graph for the smallest power of two of which heights and widths must be multiples.
///
/// Halved and doubled sizes meet again only for such sizes; the verifier's arithmetic decides. The
/// error is that of the largest multiple, where rounding hides no other fault.
func withSmallestSizeMultiple(
  _ build: (Int) throws(ImportError) -> Graph
) throws(ImportError) -> VerifiedGraph {
  var lastError: ImportError?
  for exponent in 0...12 {
    do throws(ImportError) {
      let graph = try build(1 << exponent)
      do throws(VerificationError) {
        return try VerifiedGraph(graph)
      } catch {
        throw ImportError(.shapeMismatch, "\(error)")
      }
    } catch {
      guard error.code == .shapeMismatch else { throw error }
      lastError = error
    }
  }
  throw lastError ?? ImportError(.shapeMismatch, "no picture size fits the network")
}
