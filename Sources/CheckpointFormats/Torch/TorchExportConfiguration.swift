import OrderedCollections

/// What a `.pt2` archive says about its weights, in JSON:
/// `{"config": {"enc.weight": {"path_name": "weight_0", "use_pickle": false, "tensor_meta":
/// {"dtype": 7, "sizes": [{"as_int": 2}], "strides": [{"as_int": 1}], "storage_offset":
/// {"as_int": 0}, "layout": 7, …}, …}}}`.
///
/// Fields that do not matter here are passed over; repeated names are refused.
struct TorchExportConfiguration {
  /// One tensor; sizes, strides and offset in elements, type and layout as numbers of the schema.
  struct Weight {
    var path = ""
    var isPickled = false
    var dtype = 0
    var layout = 0
    var shape: [Int] = []
    var strides: [Int] = []
    var offset = 0
  }

  /// The weights, in the file's order.
  private(set) var weights: OrderedDictionary<String, Weight> = [:]

  /// Parses the text of a configuration.
  ///
  /// - Throws: `.corrupt` where the text is not of this form, a number is negative or a formula.
  init(_ text: [UInt8], file: String) throws(CheckpointError) {
    var json = JSONCursor(text, file: file, subject: "weights_config.json")
    let required: Set = ["config"]
    try Self.fields(&json, required) { (_, json) throws(CheckpointError) in
      try json.members { (name, json) throws(CheckpointError) in
        guard weights.updateValue(try Self.weight(&json), forKey: name) == nil else {
          throw json.malformed("has two tensors named '\(name)'")
        }
      }
    }
    try json.end()
  }

  private static func weight(_ json: inout JSONCursor) throws(CheckpointError) -> Weight {
    var weight = Weight()
    var isDescribed = false
    let required: Set = ["path_name", "use_pickle", "tensor_meta"]
    try fields(&json, required) { (key, json) throws(CheckpointError) in
      switch key {
      case "path_name": weight.path = try json.string()
      case "use_pickle": weight.isPickled = try json.bool()
      default:
        isDescribed = !json.acceptNull()
        if isDescribed { try describe(&weight, &json) }
      }
    }
    guard isDescribed || weight.isPickled else {
      throw json.malformed("does not describe a tensor")
    }
    return weight
  }

  private static func describe(
    _ weight: inout Weight, _ json: inout JSONCursor
  ) throws(CheckpointError) {
    let required: Set = ["dtype", "layout", "sizes", "strides", "storage_offset"]
    try fields(&json, required) { (key, json) throws(CheckpointError) in
      switch key {
      case "dtype": weight.dtype = try json.integer()
      case "layout": weight.layout = try json.integer()
      case "sizes": weight.shape = try dimensions(&json)
      case "strides": weight.strides = try dimensions(&json)
      default: weight.offset = try dimension(&json)
      }
    }
  }

  private static func dimensions(_ json: inout JSONCursor) throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try json.elements { (json) throws(CheckpointError) in values.append(try dimension(&json)) }
    return values
  }

  /// A number as `{"as_int": 3}`; the schema also knows `as_expr`, which weights never have.
  private static func dimension(_ json: inout JSONCursor) throws(CheckpointError) -> Int {
    var value = 0
    let required: Set = ["as_int"]
    try fields(&json, required) { (_, json) throws(CheckpointError) in value = try json.integer() }
    return value
  }

  /// Reads an object, hands the `required` fields to `field` and passes over the others.
  private static func fields(
    _ json: inout JSONCursor, _ required: Set<String>,
    _ field: (String, inout JSONCursor) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var missing = required
    try json.members { (key, json) throws(CheckpointError) in
      guard required.contains(key) else { return try json.skip() }
      guard missing.remove(key) != nil else { throw json.malformed("repeats '\(key)'") }
      try field(key, &json)
    }
    if let name = missing.min() { throw json.malformed("lacks '\(name)'") }
  }
}
