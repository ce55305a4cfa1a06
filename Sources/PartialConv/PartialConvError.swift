import Calibration
import CheckpointFormats
import GraphPasses
import Imaging
import InferenceRuntime
import ModelFile
import ModelImport

/// Why something asked of this library was not done.
public struct PartialConvError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure; raw values are the exit codes of the commands.
  public enum Kind: Int32, Sendable {
    /// A comparison was made, and it found a difference.
    case differs = 1
    /// The request itself is wrong: an option, a name, an output that exists.
    case usage = 2
    /// A file is missing, damaged, or cannot be read or written.
    case unreadable = 3
    /// The model uses something that is not known here.
    case unsupported = 4
    /// An array is missing, misnamed or misshapen.
    case mismatch = 5
    /// A result is not finite.
    case notFinite = 6
    /// A fault of this program.
    case internalFault = 70
  }

  public let kind: Kind
  /// What is wrong, where, why, and what to do.
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}

/// An error of a module below, which knows what kind it is to a user of this library.
protocol ReportableError: Error, CustomStringConvertible {
  var kind: PartialConvError.Kind { get }
}

extension CheckpointError: ReportableError {
  var kind: PartialConvError.Kind { code.kind }
}

extension CheckpointError.Code {
  fileprivate var kind: PartialConvError.Kind {
    self == .unsupported || self == .refused ? .unsupported : .unreadable
  }
}

extension ImportError: ReportableError {
  var kind: PartialConvError.Kind {
    switch code {
    case .checkpoint(let code): code.kind
    case .unknownNetwork, .unknownOption, .badOption: .usage
    case .badDescription: .unreadable
    case .unrecognised, .ambiguous, .unsupportedLayer, .missingTensor, .shapeMismatch: .unsupported
    }
  }
}

extension ModelFileError: ReportableError {
  var kind: PartialConvError.Kind {
    switch code {
    case .exists: .usage
    case .unsupportedVersion: .unsupported
    case .unreadable, .truncated, .corrupt, .unwritable, .full, .limitExceeded: .unreadable
    }
  }
}

extension ImagingError: ReportableError {
  var kind: PartialConvError.Kind { code == .unsupported ? .unsupported : .unreadable }
}

extension RuntimeError: ReportableError {
  var kind: PartialConvError.Kind {
    switch code {
    case .outOfMemory, .unreadableModel: .unreadable
    case .unknownInput, .unknownOutput, .missingInput, .duplicateInput, .badShape, .badElementType:
      .mismatch
    }
  }
}

extension CalibrationError: ReportableError {
  var kind: PartialConvError.Kind {
    switch code {
    case .badTable: .unreadable
    case .unknownName, .mismatch: .mismatch
    case .badRequest: .usage
    case .notFinite: .notFinite
    case .internalFault: .internalFault
    }
  }
}

extension PassError: ReportableError {
  var kind: PartialConvError.Kind { .internalFault }
}

/// Runs `body` and gives its error, whatever module it comes from, as one of this library.
func reporting<Result, Failure: ReportableError>(
  _ body: () throws(Failure) -> Result
) throws(PartialConvError) -> Result {
  do throws(Failure) {
    return try body()
  } catch {
    throw PartialConvError(error.kind, error.description)
  }
}
