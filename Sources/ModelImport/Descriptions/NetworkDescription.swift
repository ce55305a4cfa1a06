import Foundation

/// A published family of networks as data: how to recognise its checkpoints, its arithmetic, its
/// layers, and how pictures go in and out. One file in `Models/` each; users may bring their own.
struct NetworkDescription: Decodable, Sendable {
  enum Framework: String, Decodable, Sendable {
    case pytorch, keras
  }

  struct Recognition: Decodable, Sendable {
    /// Tensor names, with `*`, that must and must not occur.
    var has: [String]
    var lacks: [String]?
    /// The architecture that the checkpoint must record for itself, with `*`. Where other networks
    /// have the same tensor names, nothing less will do.
    var arch: String?
    /// Whether only `--network` chooses this description, because another one has the same tensors.
    var byNameOnly: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case has, lacks, arch
      case byNameOnly = "by_name_only"
    }
  }

  /// Tensors that mark a variant which no operation here expresses.
  struct Refusal: Decodable, Sendable {
    /// A tensor name, with `*`.
    var has: String
    /// What such a checkpoint is, and why it is refused.
    var because: String
  }

  struct Option: Decodable, Sendable {
    /// The words to choose from; nil where the step that reads the option knows what it takes.
    var values: [String]?
    var `default`: String
    /// For a value, a tensor name, with `*`, that only checkpoints of that value have.
    var shownBy: [String: String]?
    var about: String

    enum CodingKeys: String, CodingKey, CaseIterable {
      case values, `default`, about
      case shownBy = "shown_by"
    }
  }

  /// A number read off the checkpoint; `--set` overrides it.
  struct Variable: Decodable, Sendable {
    var name: String
    /// How many keys exist in the series that this template gives for `i = from, from + 1, …`.
    var count: String?
    var from: Int?
    /// For a count: the batch-norm counter of each layer. The count ends at the first layer that
    /// was never trained, if any layer was.
    var trained: String?
    /// The largest `i` for which this template names a tensor; -1 when there is none.
    var last: String?
    /// The length of `axis` of this tensor.
    var dimension: String?
    var axis: Int?
    /// How many layers hold an array of this name.
    var layersWith: String?
    var value: Expression?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case name, count, from, trained, last, dimension, axis, value
      case layersWith = "layers_with"
    }
  }

  struct Input: Decodable, Sendable {
    var channels: Expression
    /// Rows and columns, where the network takes one size only; 0 for any.
    var size: [Expression]?
    var aliases: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable { case channels, size, aliases }
  }

  var name: String
  /// Further names under which `--network` finds this description.
  var aliases: [String]?
  var title: String
  /// Repository, commit and files that this was read from.
  var source: String
  var framework: Framework
  var recognise: Recognition
  var refuses: [Refusal]?
  var options: [String: Option]?
  var variables: [Variable]?
  var image: Input
  var mask: Input?
  var partialConvolution: DialectTable
  /// For each kind of layer, its tensors' names in the checkpoint by role.
  var parameters: [String: [String: String]]
  var network: [NetworkStep]
  /// Output names, and whether each is the current `image` or `mask` at the end.
  var outputs: [String: String]
  /// Batch-norm layers, with `*`, that the framework may have run on batch statistics; all of them
  /// when absent. The others always use moving statistics.
  var batchStatistics: [String]?
  /// Tensors that inference does not need, with `*`.
  var ignored: [String]?
  var picture: PictureProcessing?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, aliases, title, source, framework, recognise, refuses, options, variables, image
    case mask, parameters, network, outputs, ignored, picture
    case partialConvolution = "partial_convolution"
    case batchStatistics = "batch_statistics"
  }

  /// Decodes one description.
  ///
  /// - Throws: `ImportError.badDescription` naming `file`, the place in it and what is wrong.
  static func decode(_ data: Data, file: String) throws(ImportError) -> NetworkDescription {
    do {
      return try JSONDecoder().decode(CheckedDescription.self, from: data).description
    } catch let error as DecodingError {
      throw ImportError(.badDescription, "\(file): \(error.place)")
    } catch {
      throw ImportError(.badDescription, "\(file): \(error.localizedDescription)")
    }
  }
}

extension DecodingError {
  /// The path of keys to the fault, and the fault.
  fileprivate var place: String {
    let context: Context
    var missing = ""
    switch self {
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
      context = found
    case .keyNotFound(let key, let found):
      context = found
      missing = " (needs '\(key.stringValue)')"
    @unknown default: return "\(self)"
    }
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }
    return path.joined() + ": " + context.debugDescription + missing
  }
}
