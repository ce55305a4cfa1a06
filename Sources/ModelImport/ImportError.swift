public import CheckpointFormats

/// Why a checkpoint did not become a graph.
public struct ImportError: Error, Sendable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The file itself could not be read; the cause is the reader's error.
    case checkpoint(CheckpointError.Code)
    /// No network description fits, or several do.
    case unrecognised, ambiguous
    /// `--network` names nothing, or `--set` sets something the network does not have.
    case unknownNetwork, unknownOption, badOption
    /// A network description is malformed.
    case badDescription
    /// A layer, or an attribute of one, that no operation here expresses.
    case unsupportedLayer
    /// The weights do not fit the network.
    case missingTensor, shapeMismatch
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  init(_ error: CheckpointError) {
    self.init(.checkpoint(error.code), error.description)
  }

  public var description: String { message }
}
