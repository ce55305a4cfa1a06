import GraphIR

/// The manifest as it is stored: names and numbers that nothing has checked yet.
struct Manifest: Equatable {
  static let currentSchemaVersion: UInt32 = 1

  var schemaVersion = Self.currentSchemaVersion
  var provenance: Provenance
  var processing: [Provenance.Setting]
  var graphName: String
  var inputs: [Input]
  var constants: [Constant]
  var nodes: [Node]
  var outputs: [Output]
  var tensors: [StoredTensor]

  struct Input: Equatable {
    var name: String
    var aliases: [String]
    var value: UInt32
    var elementType: String
    var dimensions: [Axis]
    var layout: String
  }

  /// An axis length; the symbolic form is `floor((scale · symbol + offset) / divisor)`.
  enum Axis: Equatable {
    case fixed(UInt64)
    case symbolic(String, multiple: UInt64, scale: Int64, offset: Int64, divisor: UInt64)
  }

  struct Constant: Equatable {
    var name: String
    var value: UInt32
    /// Index into `tensors`.
    var tensor: UInt32
  }

  struct Node: Equatable {
    var mnemonic: String
    var attributes: [Attribute]
    var inputs: [UInt32]
    var results: [UInt32]
    var label: String
  }

  struct Attribute: Equatable {
    var name: String
    var value: AttributeValue
  }

  struct Output: Equatable {
    var name: String
    var value: UInt32
  }

  struct StoredTensor: Equatable {
    var name: String
    var elementType: String
    var dimensions: [UInt64]
    /// Relative to the data section.
    var offset: UInt64
    /// In bytes.
    var length: UInt64
    var digest: SHA256Digest
  }
}
