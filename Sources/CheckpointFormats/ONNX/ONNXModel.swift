package import OrderedCollections
package import TensorCore

/// An ONNX model as its file states it: nodes and tensors by name, nothing interpreted.
///
/// - Source: onnx/onnx.proto (IR version 13); Schemas/onnx.proto is the part that is read.
package struct ONNXModel: Sendable {
  package let irVersion: Int
  /// Program that wrote the file, with its version; empty when it did not say.
  package let producer: String
  /// Version of each operator set; the standard one has the domain "".
  package let operatorSets: [String: Int]
  package let graphName: String
  /// In file order, which ONNX requires to be one in which they can run.
  package let nodes: [ONNXNode]
  /// Stored tensors by name; their bytes are read by `load()`.
  package let initializers: OrderedDictionary<String, StoredTensor>
  /// What a caller supplies. Before IR version 4 the initializers are listed here too.
  package let inputs: [ONNXValueInfo]
  package let outputs: [ONNXValueInfo]
  package let metadata: OrderedDictionary<String, String>
  /// The other files that hold its tensors.
  package let externalFiles: [String]

  /// Reads the model at `path`; tensors in other files are looked for beside it.
  ///
  /// - Throws: `.notThisFormat` for other files; `.truncated` and `.corrupt` for damaged ones;
  ///   `.refused` for external data outside the model's folder; `.missing` when such a file is not
  ///   there; `.unsupported` for element types and encodings that are not read; `.limitExceeded`
  ///   when decoding needs more memory than the file justifies.
  package static func open(path: String) throws(CheckpointError) -> ONNXModel {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let base = folder.isEmpty ? "." : folder.joined(separator: "/") + "/"
    return try open(FileBytes(path: path), externalData: ONNXExternalData(folder: base))
  }

  /// Reads a model that needs no other file.
  package static func open(_ file: FileBytes) throws(CheckpointError) -> ONNXModel {
    try open(file, externalData: ONNXExternalData(folder: nil))
  }

  private static func open(
    _ file: FileBytes, externalData: ONNXExternalData
  ) throws(CheckpointError) -> ONNXModel {
    let kind = try FileKind(file)
    guard kind == .onnx else {
      throw kind.mismatch(expected: "an ONNX model", file: file.name)
    }
    let description = try ONNXDescription(file)
    return try ONNXMessageReader(file: file, externalData: externalData).read(description)
  }
}

/// One application of an operator.
package struct ONNXNode: Sendable {
  package var name: String
  package var operatorType: String
  /// "" for the standard operators.
  package var domain: String
  /// Names of values; "" for an optional input that is left out.
  package var inputs: [String]
  package var outputs: [String]
  package var attributes: [String: ONNXAttribute]
}

/// The value of a node's attribute.
package enum ONNXAttribute: Sendable {
  case float(Float)
  case integer(Int)
  case text(String)
  case tensor(StoredTensor)
  case floats([Float])
  case integers([Int])
  case texts([String])
  /// A kind that is not read, such as a graph, by ONNX's number of it.
  case other(Int)
}

/// Name and shape of an input or output.
package struct ONNXValueInfo: Sendable {
  package var name: String
  /// nil for types that are not tensors of a known element type.
  package var elementType: ElementType?
  /// nil when the file leaves the shape open.
  package var dimensions: [ONNXDimension]?
}

/// The length of an axis.
package enum ONNXDimension: Sendable, Hashable {
  case fixed(Int)
  case named(String)
  case unknown
}

extension ElementType {
  /// The element type that ONNX numbers so; nil for those that are not read.
  ///
  /// - Source: onnx.proto TensorProto.DataType.
  init?(onnxNumber number: Int32) {
    let types: [Int32: ElementType] = [
      1: .float32, 2: .uint8, 3: .int8, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
      11: .float64, 16: .bfloat16,
    ]
    guard let type = types[number] else { return nil }
    self = type
  }
}
