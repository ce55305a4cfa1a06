import PartialConv
import TensorCore

/// The arrays that `--input` names, by the model's input names, as `f32`.
struct ArrayInputs {
  private(set) var tensors: [String: Tensor] = [:]

  /// - Throws: `PartialConvError` of kind `mismatch` when an input is missing or given twice, with
  ///   the names that were found.
  init(_ sources: [String], for model: Model) throws(PartialConvError) {
    for source in sources {
      let parts = source.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, let name = model.inputName(parts[0]) {
        try add(ArrayFile.readArray(parts[1]), name)
      } else if parts.count == 2, parts[1].hasSuffix(".npy") {
        let names = model.inputs.map(\.name).joined(separator: ", ")
        throw PartialConvError(
          .usage, "--input \(source): the model has no input '\(parts[0])'; it has \(names)")
      } else {
        for (name, tensor) in try ArrayFile.readArchive(
          source, where: { model.inputName($0) != nil })
        {
          try add(tensor, model.inputName(name) ?? name)
        }
      }
    }
    for input in model.inputs where tensors[input.name] == nil {
      throw PartialConvError(
        .mismatch,
        "the inputs have no array '\(input.name)' \(input.type); the model needs "
          + model.inputs.map(\.name).joined(separator: ", "))
    }
  }

  /// What is doubtful about the arrays, for people; nil when nothing is.
  var doubt: String? {
    guard let mask = tensors["mask"] else { return nil }
    let values = mask.floats
    guard let place = values.indices.first(where: { !(0...1).contains(values[$0]) }) else {
      return nil
    }
    var rest = place
    let index = mask.shape.reversed().map { length in
      defer { rest /= length }
      return rest % length
    }
    return "'mask' has values outside 0...1, such as \(values[place]) at "
      + "\(Array(index.reversed())); a mask is 1 where a pixel is valid and 0 where it is missing"
  }

  private mutating func add(_ tensor: Tensor, _ name: String) throws(PartialConvError) {
    guard tensors.updateValue(tensor.convertedToFloat32(), forKey: name) == nil else {
      throw PartialConvError(.mismatch, "the input '\(name)' is given twice")
    }
  }
}
