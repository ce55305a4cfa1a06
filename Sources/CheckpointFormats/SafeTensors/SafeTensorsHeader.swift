import OrderedCollections

/// The header of a safetensors file, read by a parser for exactly its JSON:
/// `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"k": "v"}}`.
///
/// The grammar has a fixed depth, so no nesting can exhaust the stack; repeated keys are refused.
struct SafeTensorsHeader {
  /// What the header says about one tensor.
  struct Entry {
    var dtype: String
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  /// The tensors, in the header's order.
  private(set) var entries: OrderedDictionary<String, Entry> = [:]
  /// Free text of the writer.
  private(set) var metadata: OrderedDictionary<String, String> = [:]

  /// Parses the text of a header.
  init(_ text: [UInt8], file: String) throws(CheckpointError) {
    var json = JSONCursor(text, file: file, subject: "header")
    var hasMetadata = false
    try json.members { (name, json) throws(CheckpointError) in
      if name == "__metadata__", !hasMetadata {
        hasMetadata = true
        try json.members { (key, json) throws(CheckpointError) in
          guard metadata.updateValue(try json.string(), forKey: key) == nil else {
            throw json.malformed("repeats '\(key)'")
          }
        }
        return
      }
      guard name != "__metadata__", entries[name] == nil else {
        throw json.malformed("has two tensors named '\(name)'")
      }
      entries[name] = try Self.entry(&json, name)
    }
    try json.end()
  }

  private static func entry(
    _ json: inout JSONCursor, _ name: String
  ) throws(CheckpointError) -> Entry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try json.members { (key, json) throws(CheckpointError) in
      switch key {
      case "dtype" where dtype == nil: dtype = try json.string()
      case "shape" where shape == nil: shape = try json.integers()
      case "data_offsets" where offsets == nil: offsets = try json.integers()
      default: throw json.malformed("has the unknown or repeated key '\(key)' in '\(name)'")
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw json.malformed("lacks the type, shape or place of '\(name)'")
    }
    return Entry(dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }
}
