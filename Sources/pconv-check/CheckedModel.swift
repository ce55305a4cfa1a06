import GraphIR
import GraphPasses
import ModelChecking
import ModelFile
import PartialConv

/// A model file as its graph, to be looked into.
struct CheckedModel {
  let path: String
  let stored: StoredModel

  var graph: VerifiedGraph { stored.graph }

  /// Whether a layer computes with fewer bits than `f32`.
  var isNarrow: Bool {
    graph.graph.nodes.contains { (graph.precision(of: $0) ?? .float32) != .float32 }
  }

  /// - Throws: `PartialConvError` as `Model.load`.
  init(_ path: String) throws(PartialConvError) {
    self.path = path
    do throws(ModelFileError) {
      stored = try ModelFileReader.read(path)
    } catch {
      let kind: PartialConvError.Kind =
        error.code == .unsupportedVersion ? .unsupported : .unreadable
      throw PartialConvError(kind, error.description)
    }
  }
}

/// Runs `body` and gives an error of the checks as one of the commands.
func checking<Result>(
  _ body: () throws(CheckError) -> Result
) throws(PartialConvError) -> Result {
  do throws(CheckError) {
    return try body()
  } catch {
    throw PartialConvError(error.code.kind, error.message)
  }
}

extension CheckError.Code {
  fileprivate var kind: PartialConvError.Kind {
    switch self {
    case .badRequest: .usage
    case .unreadable: .unreadable
    case .mismatch: .mismatch
    case .unsupported: .unsupported
    case .internalFault: .internalFault
    }
  }
}
